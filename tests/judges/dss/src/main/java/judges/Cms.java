package judges;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.util.encoders.Hex;

/**
 * Judges the CMS in PDF files by Bouncy Castle alone, which knows SM2 as well. Arguments: a number
 * of trust anchors, their paths (DER), then paths of PDF files; one JSON line for each file.
 */
public final class Cms {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final Pattern RANGE =
            Pattern.compile("/ByteRange\\s*\\[\\s*0\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)\\s*\\]");

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
        Matcher range = RANGE.matcher(new String(file, StandardCharsets.ISO_8859_1));
        if (!range.find()) {
            return "no signature over the file from its start";
        }
        int first = Integer.parseInt(range.group(1));
        int second = Integer.parseInt(range.group(2));
        int last = Integer.parseInt(range.group(3));
        if (range.find() || second + last != file.length) {
            return "the signature does not cover the whole file";
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.write(file, 0, first);
        content.write(file, second, last);
        byte[] octets = Hex.decode(file, first + 1, second - first - 2);
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
        }
        return "";
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
