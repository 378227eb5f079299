package judges;

import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.PDFRevisionWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;

/**
 * Judges PDF files under this library's own default policy. Arguments: the trust anchor (DER), the
 * revocation lists of the anchor and of the authority under it (DER), then paths; one JSON line for
 * each path. A file with a document security store gets no list: it must bring what it needs.
 *
 * <p>The library calls a changed file valid when the change lies in no signature's way; here each
 * signature and each time stamp must besides be intact, cover a valid range and be followed by no
 * change but what adds validation data, time stamps or signatures to the file (B-LT, B-LTA).
 */
public final class Verify {
    private Verify() {}

    public static void main(String[] arguments) throws IOException {
        LogManager.getLogManager().reset();
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        anchors.addCertificate(DSSUtils.loadCertificate(new File(arguments[0])));
        CommonCertificateVerifier alone = offline(anchors);
        CommonCertificateVerifier helped = offline(anchors);
        helped.setCrlSource(
                new ExternalResourcesCRLSource(
                        new FileDocument(arguments[1]), new FileDocument(arguments[2])));
        for (int at = 3; at < arguments.length; at++) {
            File file = new File(arguments[at]);
            byte[] octets = Files.readAllBytes(file.toPath());
            boolean whole = new String(octets, StandardCharsets.ISO_8859_1).contains("/DSS");
            Line.print(judge(whole ? alone : helped, file));
        }
    }

    /** Nothing is fetched: neither certificates nor lists nor answers. */
    private static CommonCertificateVerifier offline(CommonTrustedCertificateSource anchors) {
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setAIASource(null);
        verifier.setOcspSource(null);
        verifier.setCrlSource(null);
        return verifier;
    }

    private static Map<String, Object> judge(CommonCertificateVerifier verifier, File file) {
        List<String> formats = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        try {
            SignedDocumentValidator validator =
                    SignedDocumentValidator.fromDocument(new FileDocument(file));
            validator.setCertificateVerifier(verifier);
            Reports reports = validator.validateDocument();
            read(reports, formats, reasons);
        } catch (Exception | LinkageError error) {
            reasons.add(error.getClass().getSimpleName() + ": " + error.getMessage());
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("file", file.getName());
        line.put("accepted", reasons.isEmpty() && !formats.isEmpty());
        line.put("structures", formats);
        line.put("reason", String.join("; ", reasons));
        return line;
    }

    private static void read(Reports reports, List<String> formats, List<String> reasons) {
        SimpleReport simple = reports.getSimpleReport();
        DiagnosticData diagnostic = reports.getDiagnosticData();
        for (SignatureWrapper signature : diagnostic.getSignatures()) {
            String id = signature.getId();
            formats.add(
                    signature.getSignatureFormat() + " DocMDP " + signature.getDocMDPPermissions());
            if (simple.getIndication(id) != Indication.TOTAL_PASSED) {
                reasons.add(simple.getIndication(id) + "/" + simple.getSubIndication(id));
                for (Message message : simple.getAdESValidationErrors(id)) {
                    reasons.add(message.getValue());
                }
            }
            need(signature.isSignatureIntact() && signature.isSignatureValid(), "intact", reasons);
            need(signature.isSignatureByteRangeValid(), "ByteRange", reasons);
            need(signature.isPdfSignatureDictionaryConsistent(), "dictionary", reasons);
            need(signature.getPdfUndefinedChanges().isEmpty(), "undefined changes", reasons);
            need(signature.getPdfAnnotationChanges().isEmpty(), "later annotations", reasons);
            need(!signature.arePdfModificationsDetected(), "later appearance", reasons);
        }
        for (TimestampWrapper stamp : diagnostic.getTimestampList()) {
            need(stamp.isSignatureIntact() && stamp.isSignatureValid(), "time stamp", reasons);
            need(
                    stamp.isMessageImprintDataFound() && stamp.isMessageImprintDataIntact(),
                    "what the time stamp is over",
                    reasons);
            PDFRevisionWrapper revision = stamp.getPDFRevision();
            if (revision != null) {
                need(revision.isSignatureByteRangeValid(), "time stamp's ByteRange", reasons);
                need(
                        revision.getPdfUndefinedChanges().isEmpty(),
                        "undefined changes after the time stamp",
                        reasons);
            }
        }
        if (formats.isEmpty()) {
            reasons.add("no signature found");
        }
    }

    private static void need(boolean holds, String what, List<String> reasons) {
        if (!holds) {
            reasons.add("not in order: " + what);
        }
    }
}
