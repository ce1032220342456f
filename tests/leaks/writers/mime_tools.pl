# Messages as Perl's MIME::Entity (MIME-tools; Debian: libmime-tools-perl) writes them: `mime_tools.pl FOLDER`.
use strict;
use warnings;
use Encode qw(encode);
use JSON::PP qw(decode_json);
use MIME::Entity;

my $folder = shift;
open my $in, '<:raw', "$folder/letters.json" or die $!;

# A part of text; where no line is too long, the letter says by which encoding.
sub text {
    my ($kind, $words, $letter) = @_;
    my $octets = encode($letter->{charset}, $words);
    my $long = grep { length > 900 } split /\n/, $octets;
    return (Type => "text/$kind", Charset => $letter->{charset}, Encoding => $long ? '-SUGGEST' : $letter->{encoding}, Data => $octets);
}

for my $letter (@{ decode_json(join '', <$in>) }) {
    my $head = sub { my ($text) = @_; $text =~ /[^ -~]/ ? encode($letter->{flowed} ? 'MIME-Q' : 'MIME-B', $text) : $text };
    (my $quoted = $letter->{name}) =~ s/(["\\])/\\$1/g;
    my $from = $quoted eq '' ? $letter->{from} : ($quoted =~ /[^ -~]/ ? $head->($letter->{name}) : qq("$quoted")) . " <$letter->{from}>";
    my @fields = (From => $from, To => $letter->{to}, Subject => $head->($letter->{subject}), 'Message-ID' => "<$letter->{number}.17\@localhost>");
    my $two = defined $letter->{text} && defined $letter->{html};
    my $files = @{ $letter->{files} } || $letter->{forward} || $letter->{receipt};
    my $mail;
    if ($files || $two || @{ $letter->{inline} } || $letter->{calendar}) {
        my $main = $letter->{receipt} ? 'multipart/report' : $files ? 'multipart/mixed' : $two || $letter->{calendar} ? 'multipart/alternative' : 'multipart/related';
        $mail = MIME::Entity->build(@fields, Type => $main);
        my $within = $files && $two ? $mail->attach(Type => 'multipart/alternative') : $mail;
        $within->attach(text('plain', $letter->{text}, $letter)) if defined $letter->{text};
        if (defined $letter->{html}) {
            my $related = @{ $letter->{inline} } && $main ne 'multipart/related' ? $within->attach(Type => 'multipart/related') : $within;
            $related->attach(text('html', $letter->{html}, $letter));
            $related->attach(Type => $_->{type}, Path => $_->{path}, Filename => $head->($_->{name}), Id => "<$_->{cid}>", Disposition => 'inline', Encoding => 'base64') for @{ $letter->{inline} };
        }
        $mail->attach(Type => 'text/calendar', Charset => 'UTF-8', Encoding => '8bit', Data => encode('utf-8', $letter->{calendar})) if $letter->{calendar};
        $mail->attach(Type => $_->{type}, Path => $_->{path}, Filename => $head->($_->{name}), Disposition => 'attachment', Encoding => 'base64') for @{ $letter->{files} };
        $mail->attach(Type => 'message/rfc822', Path => $letter->{forward}{path}, Encoding => '8bit') if $letter->{forward};
        if ($letter->{receipt}) {
            $mail->head->mime_attr('content-type.report-type' => 'disposition-notification');
            $mail->attach(Type => 'message/disposition-notification', Encoding => '7bit', Data => "Reporting-UA: Poczta 1.0\nFinal-Recipient: rfc822;$letter->{to}\nDisposition: manual-action/MDN-sent-manually; displayed\n");
        }
    } else {
        $mail = MIME::Entity->build(@fields, defined $letter->{html} ? text('html', $letter->{html}, $letter) : text('plain', $letter->{text}, $letter));
    }
    $mail->head->add($_->[0] => $_->[1]) for @{ $letter->{fields} };
    open my $out, '>:raw', sprintf('%s/%04d.eml', $folder, $letter->{number}) or die $!;
    $mail->print($out);
}
