<?php
// Messages as PHPMailer (Debian: libphp-phpmailer) writes them, which most shops of the world send by: `phpmailer.php FOLDER`.
require_once 'libphp-phpmailer/autoload.php';

use PHPMailer\PHPMailer\PHPMailer;

foreach (json_decode(file_get_contents("$argv[1]/letters.json"), true) as $letter) {
    // PHP 8 stops PHPMailer at charsets that mbstring lacks: nobody sends windows-1250 by it any more.
    $charset = in_array($letter['charset'], ['windows-1250', 'windows-1252']) ? 'utf-8' : $letter['charset'];
    $in = fn($text) => iconv('utf-8', "$charset//TRANSLIT", $text);
    $mail = new PHPMailer(true);
    $mail->CharSet = $charset;
    $mail->Encoding = $letter['encoding'];
    $mail->Hostname = 'localhost';
    $mail->MessageDate = date('r', $letter['date']);
    $mail->WordWrap = $letter['flowed'] ? 76 : 0;
    $mail->AllowEmpty = true;
    // Names that the charset lacks are what the shop's programmer did not think of: iconv writes them without accents.
    $mail->setFrom($letter['from'], $in($letter['name']));
    $mail->addAddress($letter['to']);
    $mail->Subject = $in($letter['subject']);
    if ($letter['html'] !== null) {
        $mail->isHTML(true);
        $mail->Body = $in($letter['html']);
        $mail->AltBody = $in($letter['text'] ?? '');
    } else {
        $mail->Body = $in($letter['text']);
    }
    $mail->Ical = $letter['calendar'] ?? '';
    foreach ($letter['fields'] as [$name, $value]) {
        $mail->addCustomHeader($name, $value);
    }
    foreach ($letter['inline'] as $file) {
        $mail->addEmbeddedImage($file['path'], $file['cid'], $in($file['name']), 'base64', $file['type']);
    }
    foreach ($letter['files'] as $file) {
        $mail->addAttachment($file['path'], $in($file['name']), 'base64', $file['type']);
    }
    if ($letter['forward'] !== null) {
        $mail->addAttachment($letter['forward']['path'], 'wiadomosc.eml', '7bit', 'message/rfc822');
    }
    $mail->preSend();
    file_put_contents(sprintf('%s/%04d.eml', $argv[1], $letter['number']), $mail->getSentMIMEMessage());
}
