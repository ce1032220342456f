# Messages as Perl's Email::MIME (Debian: libemail-mime-perl) writes them: `email_mime.pl FOLDER`.
use strict;
use warnings;
use Email::MIME;
use JSON::PP qw(decode_json);

my $folder = shift;

# The content of a file.
sub octets { my ($path) = @_; open my $in, '<:raw', $path or die $!; local $/; return scalar <$in> }

# A part of text.
sub text {
    my ($kind, $words, $letter) = @_;
    my $long = grep { length > 400 } split /\n/, $words;
    $words =~ s/\r?\n/\r\n/g;
    return Email::MIME->create(attributes => { content_type => "text/$kind", charset => $letter->{charset}, encoding => $long ? 'quoted-printable' : $letter->{encoding},
        ($letter->{flowed} && $kind eq 'plain' ? (format => 'flowed') : ()) }, body_str => $words);
}

# A file, attached or shown in place.
sub file {
    my ($one, $how) = @_;
    my ($type, $charset) = $one->{type} =~ /^([^;]+)(?:; charset=(.*))?/;
    return Email::MIME->create(attributes => { content_type => $type, ($charset ? (charset => $charset) : ()), encoding => 'base64', disposition => $how, filename => $one->{name}, name => $one->{name} },
        ($one->{cid} ? (header => [ 'Content-ID' => "<$one->{cid}>" ]) : ()), body => octets($one->{path}));
}

# The parts in one; a single one as it is.
sub wrapped { my ($kind, @parts) = @_; return @parts == 1 ? $parts[0] : Email::MIME->create(attributes => { content_type => "multipart/$kind" }, parts => \@parts) }

for my $letter (@{ decode_json(octets("$folder/letters.json")) }) {
    my @bodies = defined $letter->{text} ? text('plain', $letter->{text}, $letter) : ();
    push @bodies, wrapped('related', text('html', $letter->{html}, $letter), map { file($_, 'inline') } @{ $letter->{inline} }) if defined $letter->{html};
    push @bodies, Email::MIME->create(attributes => { content_type => 'text/calendar', charset => 'UTF-8', encoding => 'base64' }, body_str => $letter->{calendar}) if $letter->{calendar};
    my @parts = (wrapped('alternative', @bodies), map { file($_, 'attachment') } @{ $letter->{files} });
    push @parts, Email::MIME->create(attributes => { content_type => 'message/rfc822', encoding => '7bit' }, body => octets($letter->{forward}{path})) if $letter->{forward};
    my $mail = wrapped('mixed', @parts);
    if ($letter->{receipt}) {
        my $fields = "Reporting-UA: Poczta 1.0\r\nFinal-Recipient: rfc822;$letter->{to}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n";
        $mail = wrapped('report', $mail, Email::MIME->create(attributes => { content_type => 'message/disposition-notification', encoding => '7bit' }, body => $fields));
    }
    (my $name = $letter->{name}) =~ s/(["\\])/\\$1/g;
    $mail->header_str_set(From => $name eq '' ? $letter->{from} : qq("$name" <$letter->{from}>));
    $mail->header_str_set(To => $letter->{to});
    $mail->header_str_set(Subject => $letter->{subject});
    $mail->header_raw_set('Message-ID' => "<$letter->{number}.17\@localhost>");
    $mail->header_raw_set($_->[0] => $_->[1]) for @{ $letter->{fields} };
    open my $out, '>:raw', sprintf('%s/%04d.eml', $folder, $letter->{number}) or die $!;
    print $out $mail->as_string;
}
