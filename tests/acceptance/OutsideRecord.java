// BouncyCastle's ERS, which we did not write, judges evidence records (RFC 4998).
//
// Arguments: folders with data, record.ers, unit.der (the certificate of the newest timestamp's
// unit) and at (seconds of the epoch). A line of answer for each: "valid" and the number of
// chains, or "invalid" and why. Trusts no certificate inside the record.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import org.bouncycastle.asn1.tsp.ArchiveTimeStampSequence;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

public class OutsideRecord {
    public static void main(String[] folders) throws Exception {
        DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder()
            .setProvider(new BouncyCastleProvider()).build();
        for (String folder : folders) {
            System.out.println(judge(Path.of(folder), digests));
        }
    }

    static String judge(Path folder, DigestCalculatorProvider digests) {
        try {
            byte[] record = Files.readAllBytes(folder.resolve("record.ers"));
            long at = Long.parseLong(Files.readString(folder.resolve("at")).strip());
            ERSEvidenceRecord found = new ERSEvidenceRecord(record, digests);
            byte[] data = Files.readAllBytes(folder.resolve("data"));
            found.validatePresent(new ERSByteData(data), new Date(at * 1000));
            X509CertificateHolder unit =
                new X509CertificateHolder(Files.readAllBytes(folder.resolve("unit.der")));
            if (!unit.equals(found.getSigningCertificate())) return "invalid: another unit";
            found.validate(new JcaSimpleSignerInfoVerifierBuilder()
                .setProvider(new BouncyCastleProvider()).build(unit));
            ArchiveTimeStampSequence chains =
                found.toASN1Structure().getArchiveTimeStampSequence();
            return "valid " + chains.size();
        } catch (Exception problem) {
            return "invalid: " + problem.getMessage();
        }
    }
}
