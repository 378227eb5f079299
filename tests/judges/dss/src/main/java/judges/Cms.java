package judges;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.util.encoders.Hex;

/**
 * Judges the CMS and the time stamps in PDF files by Bouncy Castle alone, which knows SM2 as well:
 * each over what its range covers, the last over the whole file. Arguments: a number
 * of trust anchors, their paths (DER), then paths of PDF files; one JSON line for each file.
 */
public final class Cms {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final Pattern RANGE =
            Pattern.compile("/ByteRange\\s*\\[\\s*0\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)\\s*\\]");

    private static final String TST_INFO = "1.2.840.113549.1.9.16.1.4";
    private static final ASN1ObjectIdentifier TOKEN =
            new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.14");

    private Cms() {}

    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        List<X509CertificateHolder> anchors = new ArrayList<>();
        for (int at = 1; at <= count; at++) {
            byte[] der = Files.readAllBytes(Paths.get(arguments[at]));
            anchors.add(new X509CertificateHolder(der));
        }
        for (int at = count + 1; at < arguments.length; at++) {
            Line.print(judge(Paths.get(arguments[at]), anchors));
        }
    }

    private static Map<String, Object> judge(Path path, List<X509CertificateHolder> anchors) {
        List<String> found = new ArrayList<>();
        String reason = "";
        try {
            reason = verify(Files.readAllBytes(path), anchors, found);
        } catch (Exception | LinkageError error) {
            reason = error.getClass().getSimpleName() + ": " + error.getMessage();
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("file", path.getFileName().toString());
        line.put("accepted", reason.isEmpty() && !found.isEmpty());
        line.put("structures", found);
        line.put("reason", reason);
        return line;
    }

    private static String verify(
            byte[] file, List<X509CertificateHolder> anchors, List<String> found)
            throws Exception {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        Matcher range = RANGE.matcher(text);
        int end = 0;
        String reason = "";
        while (reason.isEmpty() && range.find()) {
            int first = Integer.parseInt(range.group(1));
            int second = Integer.parseInt(range.group(2));
            int last = Integer.parseInt(range.group(3));
            if (second + last <= end || second + last > file.length) {
                return "signatures that do not follow each other";
            }
            end = second + last;
            reason = one(file, first, second, last, anchors, found);
        }
        if (reason.isEmpty() && end != file.length) {
            return "the signature does not cover the whole file";
        }
        return reason;
    }

    /** One signature dictionary: a signature, or a time stamp over what stands before it. */
    private static String one(
            byte[] file,
            int first,
            int second,
            int last,
            List<X509CertificateHolder> anchors,
            List<String> found)
            throws Exception {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.write(file, 0, first);
        content.write(file, second, last);
        byte[] octets = Hex.decode(file, first + 1, second - first - 2);
        CMSSignedData bare = new CMSSignedData(new ByteArrayInputStream(octets));
        if (bare.getSignedContentTypeOID().equals(TST_INFO)) {
            return stamp(bare, content.toByteArray(), anchors, found);
        }
        CMSSignedData cms =
                new CMSSignedData(
                        new CMSProcessableByteArray(content.toByteArray()),
                        new ByteArrayInputStream(octets));
        for (SignerInformation signer : cms.getSignerInfos().getSigners()) {
            X509CertificateHolder certificate = only(cms, signer);
            found.add(signer.getEncryptionAlgOID());
            if (!signer.verify(
                    new JcaSimpleSignerInfoVerifierBuilder()
                            .setProvider(PROVIDER)
                            .build(certificate))) {
                return "the signature value is wrong";
            }
            if (!chains(certificate, cms.getCertificates().getMatches(null), anchors, 4)) {
                return "no chain to an anchor";
            }
            AttributeTable unsigned = signer.getUnsignedAttributes();
            Attribute token = unsigned == null ? null : unsigned.get(TOKEN);
            if (token != null) {
                byte[] der = token.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded();
                String reason =
                        stamp(new CMSSignedData(der), signer.getSignature(), anchors, found);
                if (!reason.isEmpty()) {
                    return reason;
                }
            }
        }
        return "";
    }

    /** A token (RFC 3161) over some octets: its imprint, its signature, its chain. */
    private static String stamp(
            CMSSignedData cms,
            byte[] stamped,
            List<X509CertificateHolder> anchors,
            List<String> found)
            throws Exception {
        TimeStampToken token = new TimeStampToken(cms);
        String digest = token.getTimeStampInfo().getMessageImprintAlgOID().getId();
        byte[] imprint = MessageDigest.getInstance(digest, PROVIDER).digest(stamped);
        if (!Arrays.equals(imprint, token.getTimeStampInfo().getMessageImprintDigest())) {
            return "the time stamp is over something else";
        }
        Collection<X509CertificateHolder> known = cms.getCertificates().getMatches(null);
        X509CertificateHolder certificate =
                (X509CertificateHolder)
                        cms.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(
                new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER).build(certificate));
        found.add("time stamp");
        return chains(certificate, known, anchors, 4) ? "" : "no chain of the time stamp";
    }

    private static X509CertificateHolder only(CMSSignedData cms, SignerInformation signer) {
        Collection<?> matches = cms.getCertificates().getMatches(signer.getSID());
        return (X509CertificateHolder) matches.iterator().next();
    }

    private static boolean chains(
            X509CertificateHolder subject,
            Collection<X509CertificateHolder> others,
            List<X509CertificateHolder> anchors,
            int depth)
            throws Exception {
        if (depth == 0 || !subject.isValidOn(new Date())) {
            return false;
        }
        for (X509CertificateHolder anchor : anchors) {
            if (issued(anchor, subject)) {
                return true;
            }
        }
        for (X509CertificateHolder other : others) {
            if (!other.equals(subject)
                    && issued(other, subject)
                    && chains(other, others, anchors, depth - 1)) {
                return true;
            }
        }
        return false;
    }

    private static boolean issued(X509CertificateHolder issuer, X509CertificateHolder subject)
            throws Exception {
        return issuer.getSubject().equals(subject.getIssuer())
                && subject.isSignatureValid(
                        new JcaContentVerifierProviderBuilder()
                                .setProvider(PROVIDER)
                                .build(issuer));
    }
}
