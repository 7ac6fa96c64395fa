// Apache Santuario, which we did not write, judges the seals of evidence.
//
// Arguments: folders with evidence.xml and key.der (the public key that is to have signed it).
// A line of answer for each: "valid", or "invalid" and why. Trusts no key inside the XML.

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.xml.security.Init;
import org.apache.xml.security.signature.XMLSignature;
import org.apache.xml.security.utils.Constants;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

public class OutsideSeal {
    static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";

    public static void main(String[] folders) throws Exception {
        Init.init();
        for (String folder : folders) {
            System.out.println(judge(Path.of(folder)));
        }
    }

    static String judge(Path folder) {
        try {
            Document document = parse(Files.readAllBytes(folder.resolve("evidence.xml")));
            NodeList found = document.getElementsByTagNameNS(Constants.SignatureSpecNS, "Signature");
            if (found.getLength() != 1) return "invalid: " + found.getLength() + " signatures";
            NodeList signed = document.getElementsByTagNameNS(XADES, "SignedProperties");
            for (int n = 0; n < signed.getLength(); n++) {
                ((Element) signed.item(n)).setIdAttributeNS(null, "Id", true);
            }
            XMLSignature signature = new XMLSignature((Element) found.item(0), "", true);
            int references = signature.getSignedInfo().getLength();
            byte[] spki = Files.readAllBytes(folder.resolve("key.der"));
            if (!signature.checkSignatureValue(key(spki))) return "invalid: does not verify";
            return "valid " + references;
        } catch (Exception problem) {
            return "invalid: " + problem.getMessage();
        }
    }

    static PublicKey key(byte[] spki) throws Exception {
        X509EncodedKeySpec spec = new X509EncodedKeySpec(spki);
        try {
            return KeyFactory.getInstance("EC").generatePublic(spec);
        } catch (java.security.spec.InvalidKeySpecException other) {
            return KeyFactory.getInstance("RSA").generatePublic(spec);
        }
    }

    static Document parse(byte[] xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(xml));
    }
}
