package judges;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofdrw.core.signatures.SigType;
import org.ofdrw.gm.ses.parse.SESVersion;
import org.ofdrw.gm.ses.parse.VersionParser;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.SignedDataValidateContainer;
import org.ofdrw.sign.verify.container.GBT35275ValidateContainer;
import org.ofdrw.sign.verify.container.SESV1ValidateContainer;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/** Judges OFD files: arguments are paths; one JSON line for each, in their order. */
public final class Verify {
    private Verify() {}

    public static void main(String[] paths) {
        for (String path : paths) {
            Line.print(judge(Paths.get(path)));
        }
    }

    private static Map<String, Object> judge(Path path) {
        List<String> structures = new ArrayList<>();
        String reason = "";
        try (OFDReader reader = new OFDReader(path);
                OFDValidator validator = new OFDValidator(reader)) {
            validator.setValidator(new BySignature(structures));
            validator.exeValidate();
        } catch (Exception | LinkageError error) {
            reason = error.getClass().getSimpleName() + ": " + error.getMessage();
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("file", path.getFileName().toString());
        line.put("accepted", reason.isEmpty() && !structures.isEmpty());
        line.put("structures", structures);
        line.put("reason", reason);
        return line;
    }

    /** A file may hold signatures of several kinds; each gets the checker of its own. */
    private static final class BySignature implements SignedDataValidateContainer {
        private final List<String> structures;

        BySignature(List<String> structures) {
            this.structures = structures;
        }

        @Override
        public void validate(SigType type, String method, byte[] content, byte[] value)
                throws IOException, GeneralSecurityException {
            if (type == SigType.Sign) {
                structures.add("gbt35275");
                new GBT35275ValidateContainer().validate(type, method, content, value);
                return;
            }
            SESVersion version = VersionParser.parseSES_SignatureVersion(value).getVersion();
            structures.add("ses-" + version.name().toLowerCase(java.util.Locale.ROOT));
            SignedDataValidateContainer checker =
                    version == SESVersion.v1
                            ? new SESV1ValidateContainer()
                            : new SESV4ValidateContainer();
            checker.validate(type, method, content, value);
        }
    }
}
