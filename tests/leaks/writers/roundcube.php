<?php
// Messages as Roundcube writes them, by the library that it writes with: PEAR's Mail_Mime (Debian: php-mail-mime). `roundcube.php FOLDER`.
require_once 'Mail/mime.php';

// Text as Roundcube flows it (RFC 3676): soft breaks after a space, stuffed lines.
function flowed($text, $charset) {
    $lines = [];
    foreach (explode("\n", $text) as $line) {
        if ($line === '-- ' || str_starts_with($line, '>')) {
            $lines[] = $line;
            continue;
        }
        $stuffed = preg_match('/^( |From )/', $line) ? " $line" : $line;
        $line = rtrim($stuffed);
        while (mb_strlen($line) > 76 && ($at = mb_strrpos(mb_substr($line, 0, 76), ' ')) > 0) {
            $lines[] = mb_substr($line, 0, $at + 1);
            $line = mb_substr($line, $at + 1);
        }
        $lines[] = $line;
    }
    return implode("\r\n", $lines);
}

foreach (json_decode(file_get_contents("$argv[1]/letters.json"), true) as $letter) {
    $charset = strtoupper($letter['charset']);
    $in = fn($text) => iconv('utf-8', "$charset//TRANSLIT", $text);
    $wire = ['us-ascii' => '7bit'][$letter['charset']] ?? $letter['encoding'];
    $mime = new Mail_mime(['eol' => "\r\n", 'head_charset' => 'UTF-8', 'html_charset' => $charset, 'text_encoding' => $wire, 'html_encoding' => 'quoted-printable',
        'text_charset' => $charset . ($letter['flowed'] ? ";\r\n format=flowed" : '')]);
    if ($letter['text'] !== null) {
        $mime->setTXTBody($in($letter['flowed'] ? flowed($letter['text'], $charset) : str_replace("\n", "\r\n", $letter['text'])));
    }
    if ($letter['html'] !== null) {
        $mime->setHTMLBody($in($letter['html']));
    }
    if ($letter['calendar'] !== null) {
        $mime->setCalendarBody($letter['calendar'], false, false, 'REQUEST', 'UTF-8', 'base64');
    }
    foreach ($letter['inline'] as $file) {
        $mime->addHTMLImage($file['path'], $file['type'], $file['name'], true, $file['cid']);
    }
    foreach ($letter['files'] as $file) {
        [$type, $rest] = explode(';', $file['type']) + [1 => ''];
        $mime->addAttachment($file['path'], $type, $file['name'], true, 'base64', 'attachment', $rest ? 'windows-1250' : '', '', '', $letter['flowed'] ? null : 'base64', $letter['flowed'] ? null : 'base64', '', 'UTF-8');
    }
    if ($letter['forward'] !== null) {
        $mime->addAttachment($letter['forward']['path'], 'message/rfc822', $letter['forward']['name'], true, '8bit', 'attachment', '', '', '', null, null, '', 'UTF-8');
    }
    $from = $letter['name'] === '' ? $letter['from'] : '"' . addcslashes($letter['name'], '"\\') . "\" <{$letter['from']}>";
    $fields = ['Date' => date('r', $letter['date']), 'From' => $from, 'To' => $letter['to'], 'Subject' => $letter['subject'],
        'User-Agent' => 'Roundcube Webmail/1.6.1', 'Message-ID' => '<' . md5("roundcube {$letter['number']}") . '@localhost>'];
    foreach ($letter['fields'] as [$name, $value]) {
        $fields[$name] = $value;
    }
    $mime->headers($fields);
    file_put_contents(sprintf('%s/%04d.eml', $argv[1], $letter['number']), $mime->getMessage());
}
