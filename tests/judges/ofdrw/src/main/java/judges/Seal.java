package judges;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v1.SES_SignInfo;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SES_CertList;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.NumberFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.GBT35275PKCS9DSContainer;
import org.ofdrw.sign.signContainer.SESV1Container;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;

/**
 * Seals an OFD file with this library alone. Arguments: a folder holding unsealed.ofd,
 * picture.png, signer.der, signer.p8, maker.der, maker.p8 (SM2), then the kinds wanted: v1, v4,
 * gbt35275, gbt35275-pkcs9. Writes KIND.ofd into that folder, one JSON line for each.
 */
public final class Seal {
    private static final String NAME = "示例市测试局";
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();

    private final Path folder;
    private final Date start = Date.from(Instant.now().minus(1, ChronoUnit.DAYS));
    private final Date end = Date.from(Instant.now().plus(30, ChronoUnit.DAYS));

    private Seal(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        Seal work = new Seal(Paths.get(arguments[0]));
        for (int at = 1; at < arguments.length; at++) {
            work.make(arguments[at]);
            Line.print(java.util.Map.of("file", arguments[at] + ".ofd"));
        }
    }

    private void make(String kind) throws IOException, GeneralSecurityException {
        ExtendSignatureContainer container = container(kind);
        try (OFDReader reader = new OFDReader(folder.resolve("unsealed.ofd"));
                OFDSigner signer =
                        new OFDSigner(
                                reader,
                                folder.resolve(kind + ".ofd"),
                                new NumberFormatAtomicSignID())) {
            signer.setSignMode(SignMode.WholeProtected);
            signer.setSignContainer(container);
            if (container.getSeal() != null) {
                signer.addApPos(new NormalStampPos(1, 60, 60, 40, 40));
            }
            signer.exeSign();
        }
    }

    private ExtendSignatureContainer container(String kind)
            throws IOException, GeneralSecurityException {
        PrivateKey key = key("signer.p8");
        Certificate certificate = certificate("signer.der");
        switch (kind) {
            case "v1":
                return new SESV1Container(key, sealV1(), certificate);
            case "v4":
                return new SESV4Container(key, sealV4(), certificate);
            case "gbt35275":
                return new GBT35275DSContainer(certificate, key);
            case "gbt35275-pkcs9":
                return new GBT35275PKCS9DSContainer(certificate, key);
            default:
                throw new IllegalArgumentException(kind);
        }
    }

    private org.ofdrw.gm.ses.v1.SESeal sealV1() throws IOException, GeneralSecurityException {
        org.ofdrw.gm.ses.v1.SES_ESPropertyInfo property =
                new org.ofdrw.gm.ses.v1.SES_ESPropertyInfo()
                        .setType(org.ofdrw.gm.ses.v1.SES_ESPropertyInfo.OrgType)
                        .setName(NAME)
                        .setCertList(new DERSequence(octets("signer.der")))
                        .setCreateDate(new ASN1UTCTime(start))
                        .setValidStart(new ASN1UTCTime(start))
                        .setValidEnd(new ASN1UTCTime(end));
        org.ofdrw.gm.ses.v1.SES_SealInfo info =
                new org.ofdrw.gm.ses.v1.SES_SealInfo()
                        .setHeader(header(1))
                        .setEsID("PEER-1")
                        .setProperty(property)
                        .setPicture(picture());
        ASN1OctetString maker = octets("maker.der");
        SES_SignInfo signature =
                new SES_SignInfo()
                        .setCert(maker)
                        .setSignatureAlgorithm(GMObjectIdentifiers.sm2sign_with_sm3)
                        .setSignData(signed(info, maker, GMObjectIdentifiers.sm2sign_with_sm3));
        return new org.ofdrw.gm.ses.v1.SESeal(info, signature);
    }

    private org.ofdrw.gm.ses.v4.SESeal sealV4() throws IOException, GeneralSecurityException {
        CertInfoList members = new CertInfoList().add(octets("signer.der"));
        org.ofdrw.gm.ses.v4.SES_ESPropertyInfo property =
                new org.ofdrw.gm.ses.v4.SES_ESPropertyInfo()
                        .setType(org.ofdrw.gm.ses.v1.SES_ESPropertyInfo.OrgType)
                        .setName(new DERUTF8String(NAME))
                        .setCertListType(org.ofdrw.gm.ses.v4.SES_ESPropertyInfo.CertListType)
                        .setCertList(new SES_CertList(members))
                        .setCreateDate(new ASN1GeneralizedTime(start))
                        .setValidStart(new ASN1GeneralizedTime(start))
                        .setValidEnd(new ASN1GeneralizedTime(end));
        org.ofdrw.gm.ses.v4.SES_SealInfo info =
                new org.ofdrw.gm.ses.v4.SES_SealInfo()
                        .setHeader(header(4))
                        .setEsID("PEER-4")
                        .setProperty(property)
                        .setPicture(picture());
        return new org.ofdrw.gm.ses.v4.SESeal()
                .seteSealInfo(info)
                .setCert(octets("maker.der"))
                .setSignAlgID(GMObjectIdentifiers.sm2sign_with_sm3)
                .setSignedValue(signed(info));
    }

    private SES_Header header(int version) {
        return new SES_Header().setVersion(new ASN1Integer(version)).setVid("PEER");
    }

    private SES_ESPictrueInfo picture() throws IOException {
        return new SES_ESPictrueInfo()
                .setType("PNG")
                .setData(Files.readAllBytes(folder.resolve("picture.png")))
                .setWidth(40)
                .setHeight(40);
    }

    /** A v4 seal signs its info alone; a v1 seal signs the sequence of all that is passed. */
    private byte[] signed(ASN1Object info, ASN1Encodable... further)
            throws IOException, GeneralSecurityException {
        ASN1Object whole = info;
        if (further.length > 0) {
            ASN1EncodableVector parts = new ASN1EncodableVector();
            parts.add(info);
            for (ASN1Encodable part : further) {
                parts.add(part);
            }
            whole = new DERSequence(parts);
        }
        Signature signature = Signature.getInstance("SM3withSM2", PROVIDER);
        signature.initSign(key("maker.p8"));
        signature.update(whole.getEncoded(ASN1Encoding.DER));
        return signature.sign();
    }

    private DEROctetString octets(String name) throws IOException {
        return new DEROctetString(Files.readAllBytes(folder.resolve(name)));
    }

    private PrivateKey key(String name) throws IOException, GeneralSecurityException {
        byte[] der = Files.readAllBytes(folder.resolve(name));
        return KeyFactory.getInstance("EC", PROVIDER).generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    private Certificate certificate(String name) throws IOException, GeneralSecurityException {
        byte[] der = Files.readAllBytes(folder.resolve(name));
        return CertificateFactory.getInstance("X.509", PROVIDER)
                .generateCertificate(new ByteArrayInputStream(der));
    }
}
