// Messages as JavaMail (Debian: libmail-java) writes them: `java -cp ... JavaMail.java FOLDER`.

import java.io.File;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.activation.DataHandler;
import javax.mail.Message;
import javax.mail.Session;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeBodyPart;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import javax.mail.internet.MimeUtility;
import javax.mail.util.ByteArrayDataSource;

public class JavaMail {
    /** A letter: each key with its lines, each line with its values. */
    private static List<Map<String, List<String[]>>> letters(Path file) throws Exception {
        List<Map<String, List<String[]>>> all = new ArrayList<>();
        Map<String, List<String[]>> letter = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isEmpty()) {
                all.add(letter);
                letter = new HashMap<>();
                continue;
            }
            String[] cells = line.split("\t", -1);
            String[] values = new String[cells.length - 1];
            for (int at = 1; at < cells.length; at++) {
                values[at - 1] = new String(Base64.getDecoder().decode(cells[at]), "UTF-8");
            }
            letter.computeIfAbsent(cells[0], key -> new ArrayList<>()).add(values);
        }
        return all;
    }

    private static String one(Map<String, List<String[]>> letter, String key) {
        return letter.containsKey(key) ? letter.get(key).get(0)[0] : null;
    }

    /** A part of text; half of them by the class for text, half by a handler, as programs differ. */
    private static MimeBodyPart text(Map<String, List<String[]>> letter, String key, String kind) throws Exception {
        String charset = one(letter, "charset");
        MimeBodyPart part = new MimeBodyPart();
        String flowed = kind.equals("plain") && one(letter, "flowed") != null ? "; format=flowed" : "";
        part.setContent(one(letter, key), "text/" + kind + "; charset=" + charset + flowed);
        if (one(letter, "flowed") == null) {
            part.setHeader("Content-Transfer-Encoding", one(letter, "encoding"));
        }
        return part;
    }

    /** A file, attached or shown in place. */
    private static MimeBodyPart file(String[] values, String cid) throws Exception {
        MimeBodyPart part = new MimeBodyPart();
        byte[] octets = Files.readAllBytes(Path.of(values[2]));
        part.setDataHandler(new DataHandler(new ByteArrayDataSource(octets, values[1])));
        part.setFileName(cid == null ? values[0] : MimeUtility.encodeText(values[0], "UTF-8", "Q"));
        part.setDisposition(cid == null ? MimeBodyPart.ATTACHMENT : MimeBodyPart.INLINE);
        if (cid != null) {
            part.setContentID("<" + cid + ">");
        }
        return part;
    }

    private static MimeBodyPart wrapped(String subtype, MimeBodyPart... parts) throws Exception {
        MimeBodyPart part = new MimeBodyPart();
        part.setContent(new MimeMultipart(subtype, parts));
        return part;
    }

    private static void write(Map<String, List<String[]>> letter, Session session, File out) throws Exception {
        List<MimeBodyPart> parts = new ArrayList<>();
        MimeBodyPart body = one(letter, "text") == null ? null : text(letter, "text", "plain");
        if (one(letter, "html") != null) {
            MimeBodyPart page = text(letter, "html", "html");
            if (letter.containsKey("inline")) {
                MimeMultipart related = new MimeMultipart("related", page);
                for (String[] values : letter.get("inline")) {
                    related.addBodyPart(file(values, values[3]));
                }
                page = new MimeBodyPart();
                page.setContent(related);
            }
            body = body == null ? page : wrapped("alternative", body, page);
        }
        if (one(letter, "calendar") != null) {
            MimeBodyPart event = new MimeBodyPart();
            event.setDataHandler(new DataHandler(new ByteArrayDataSource(one(letter, "calendar"), "text/calendar; charset=UTF-8; method=REQUEST")));
            body = wrapped("alternative", body, event);
        }
        parts.add(body);
        for (String[] values : letter.getOrDefault("files", List.of())) {
            parts.add(file(values, null));
        }
        if (letter.containsKey("forward")) {
            MimeBodyPart inner = new MimeBodyPart();
            inner.setContent(new MimeMessage(session, Files.newInputStream(Path.of(letter.get("forward").get(0)[2]))), "message/rfc822");
            parts.add(inner);
        }
        MimeMessage message = new MimeMessage(session);
        message.setFrom(new InternetAddress(one(letter, "from"), one(letter, "name"), "UTF-8"));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress(one(letter, "to")));
        message.setSubject(one(letter, "subject"), one(letter, "charset").equals("us-ascii") ? "UTF-8" : one(letter, "charset"));
        message.setSentDate(new Date(Long.parseLong(one(letter, "date")) * 1000));
        for (String[] field : letter.getOrDefault("fields", List.of())) {
            message.setHeader(field[0], field[1]);
        }
        if (parts.size() == 1) {
            // The part knows its type for certain once its handler is asked.
            message.setDataHandler(body.getDataHandler());
            String[] encoding = body.getHeader("Content-Transfer-Encoding");
            if (encoding != null) {
                message.setHeader("Content-Transfer-Encoding", encoding[0]);
            }
        } else {
            message.setContent(new MimeMultipart("mixed", parts.toArray(new MimeBodyPart[0])));
        }
        message.saveChanges();
        try (FileOutputStream stream = new FileOutputStream(out)) {
            message.writeTo(stream);
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("mail.mime.encodefilename", "false");
        Properties properties = new Properties();
        properties.setProperty("mail.host", "localhost");
        Session session = Session.getInstance(properties);
        for (Map<String, List<String[]>> letter : letters(Path.of(arguments[0], "letters.tsv"))) {
            write(letter, session, new File(arguments[0], String.format("%04d.eml", Integer.parseInt(one(letter, "number")))));
        }
    }
}
