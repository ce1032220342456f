# Messages as Perl's MIME::Lite (Debian: libmime-lite-perl) writes them: `mime_lite.pl FOLDER`.
use strict;
use warnings;
use Encode qw(encode);
use JSON::PP qw(decode_json);
use MIME::Lite;

my $folder = shift;
open my $in, '<:raw', "$folder/letters.json" or die $!;
for my $letter (@{ decode_json(join '', <$in>) }) {
    my $charset = $letter->{charset};
    my %body = (Encoding => $letter->{encoding} =~ /7bit/ ? '7bit' : $letter->{encoding});
    # The library leaves long lines to its caller: who writes 8bit sees to it.
    my $long = grep { length(encode($charset, $_)) > 900 } map { split /\n/, $_ // '' } @$letter{qw(text html)};
    $body{Encoding} = 'quoted-printable' if $long;
    my $head = sub { my ($text) = @_; $text =~ /[^ -~]/ ? encode('MIME-Header', $text) : $text };
    my $from = $letter->{name} eq '' ? $letter->{from} : $letter->{name} =~ /[^ -~]/ ? encode('MIME-Header', $letter->{name}) . " <$letter->{from}>" : do {
        (my $quoted = $letter->{name}) =~ s/(["\\])/\\$1/g;
        qq("$quoted" <$letter->{from}>);
    };
    my $text = sub { my ($kind, $words) = @_; (Type => "text/$kind; charset=$charset" . ($letter->{flowed} && $kind eq 'plain' ? '; format=flowed' : ''), Data => encode($charset, $words), %body) };
    my $two = defined $letter->{text} && defined $letter->{html};
    my $files = @{ $letter->{files} } + ($letter->{forward} ? 1 : 0);
    my @main = $files ? (Type => 'multipart/mixed') : $two ? (Type => 'multipart/alternative') : @{ $letter->{inline} } ? (Type => 'multipart/related')
        : defined $letter->{html} ? $text->('html', $letter->{html}) : $text->('plain', $letter->{text});
    my $mail = MIME::Lite->new(From => $from, To => $letter->{to}, Subject => $head->($letter->{subject}), Datestamp => 1, @main);
    $mail->add($_->[0] => $_->[1]) for @{ $letter->{fields} };
    if ($mail->attr('content-type') =~ /^multipart/) {
        my $within = $mail;
        $within = $mail->attach(Type => 'multipart/alternative') if $files && $two;
        $within->attach($text->('plain', $letter->{text})) if defined $letter->{text};
        if (defined $letter->{html}) {
            my $related = @{ $letter->{inline} } && ($files || $two) ? $within->attach(Type => 'multipart/related') : $within;
            $related->attach($text->('html', $letter->{html}));
            $related->attach(Type => $_->{type}, Path => $_->{path}, Filename => $_->{name}, Id => "<$_->{cid}>", Disposition => 'inline') for @{ $letter->{inline} };
        }
        # Names go as their caller encoded them: in words, as most do.
        $mail->attach(Type => $_->{type}, Path => $_->{path}, Filename => $head->($_->{name}), Encoding => 'base64', Disposition => 'attachment') for @{ $letter->{files} };
        $mail->attach(Type => 'message/rfc822', Path => $letter->{forward}{path}, Encoding => '8bit') if $letter->{forward};
    }
    open my $out, '>:raw', sprintf('%s/%04d.eml', $folder, $letter->{number}) or die $!;
    print $out $mail->as_string;
}
