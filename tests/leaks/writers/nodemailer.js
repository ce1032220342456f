// Messages as nodemailer (Debian: node-nodemailer) writes them: `nodemailer.js FOLDER`.
const fs = require('fs');
const path = require('path');
const MailComposer = require('nodemailer/lib/mail-composer');

const folder = process.argv[2];

/** One letter in nodemailer's own words; it writes UTF-8 and nothing else. */
function options(letter) {
  const file = (one) => ({ filename: one.name, path: one.path, contentType: one.type });
  return {
    from: { name: letter.name, address: letter.from },
    to: letter.to,
    subject: letter.subject,
    date: new Date(letter.date * 1000),
    text: letter.text ?? undefined,
    html: letter.html ?? undefined,
    textEncoding: letter.encoding === 'base64' ? 'base64' : 'quoted-printable',
    encoding: 'utf-8',
    newline: 'windows',
    messageId: `<${letter.number}.17@localhost>`,
    headers: letter.fields.map(([key, value]) => ({ key, value })),
    icalEvent: letter.calendar ? { method: 'REQUEST', content: letter.calendar, filename: 'invite.ics' } : undefined,
    attachDataUrls: letter.flowed,
    attachments: [
      ...letter.inline.map((one) => ({ ...file(one), cid: one.cid })),
      ...letter.files.map(file),
      ...(letter.forward ? [file(letter.forward)] : []),
    ],
  };
}

(async () => {
  for (const letter of JSON.parse(fs.readFileSync(path.join(folder, 'letters.json')))) {
    const message = await new MailComposer(options(letter)).compile().build();
    fs.writeFileSync(path.join(folder, `${String(letter.number).padStart(4, '0')}.eml`), message);
  }
})();
