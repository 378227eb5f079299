package judges;

import eu.europa.esig.dss.enumerations.CertificationPermission;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Map;
import java.util.logging.LogManager;

/**
 * Signs a PDF file with this library alone. Arguments: a folder holding unsealed.pdf, signer.der,
 * signer.p8 (P-256), then the kinds wanted: dss-certified, dss-approval. Writes KIND.pdf into that
 * folder, one JSON line for each.
 */
public final class Seal {
    private Seal() {}

    public static void main(String[] arguments) throws Exception {
        LogManager.getLogManager().reset();
        Path folder = Paths.get(arguments[0]);
        for (int at = 1; at < arguments.length; at++) {
            make(folder, arguments[at]);
            Line.print(Map.of("file", arguments[at] + ".pdf"));
        }
    }

    private static void make(Path folder, String kind) throws Exception {
        CertificateToken certificate =
                DSSUtils.loadCertificate(folder.resolve("signer.der").toFile());
        PAdESSignatureParameters parameters = new PAdESSignatureParameters();
        parameters.setSignatureLevel(SignatureLevel.PAdES_BASELINE_B);
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        parameters.setSigningCertificate(certificate);
        if (kind.equals("dss-certified")) {
            parameters.setPermission(CertificationPermission.NO_CHANGE_PERMITTED);
        }
        PAdESService service = new PAdESService(new CommonCertificateVerifier());
        DSSDocument unsealed = new FileDocument(folder.resolve("unsealed.pdf").toFile());
        ToBeSigned wanted = service.getDataToSign(unsealed, parameters);
        byte[] key = Files.readAllBytes(folder.resolve("signer.p8"));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(
                KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)));
        signature.update(wanted.getBytes());
        SignatureValue value =
                new SignatureValue(SignatureAlgorithm.ECDSA_SHA256, signature.sign());
        File target = folder.resolve(kind + ".pdf").toFile();
        service.signDocument(unsealed, parameters, value).save(target.getPath());
    }
}
