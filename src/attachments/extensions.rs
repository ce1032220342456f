//! What the end of a name says of a file.
//!
//! Programs are what Windows, macOS or a browser start by their name (Outlook's and Gmail's lists of blocked files). What is no program by its name anywhere
//! stays out (so do months and initials), and so do the ends of domains: `.pl` is Perl to some and Poland to the shops that write it.

/// What a name claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Claim {
    /// Nothing: no extension, a number, or one that means nothing here.
    Nothing,
    /// One of the six kinds.
    Allowed,
    /// Another picture.
    Picture,
    /// A text to read.
    Text,
    /// A page of a browser.
    Page,
    /// A drawing or data of a browser: SVG, XML.
    Markup,
    /// A program or a script.
    Program,
    /// An archive or an image of a disk.
    Archive,
    /// A document of an office program.
    Document,
    /// A sound or a film.
    Media,
    /// A key or a certificate.
    Key,
    /// A detached signature.
    Signature,
    /// Something encrypted.
    Sealed,
    /// A message.
    Message,
}

/// Extensions in small letters, what they claim, and in which words.
const TABLE: [(&str, Claim, &str); 27] = [
    ("pdf", Claim::Allowed, "a PDF document"),
    (
        "gif bmp dib tif tiff jpg jpeg jpe jfif jif pjpeg pjp png apng",
        Claim::Allowed,
        "a picture",
    ),
    (
        "webp heic heif heics hif avif jxl jp2 j2k jpx jxr wdp psd ico cur dng cr2 cr3 nef arw raw orf rw2 tga pcx ppm pgm pbm pnm \
         xcf emf wmf",
        Claim::Picture,
        "another picture",
    ),
    (
        "txt text log md csv tsv json ics ifb ical vcs vcf vcard nfo diz srt yml yaml edi",
        Claim::Text,
        "a text",
    ),
    (
        "htm html xhtml xht shtml shtm xhtm phtm jhtml stm",
        Claim::Page,
        "an HTML page",
    ),
    ("svg svgz", Claim::Markup, "an SVG drawing"),
    (
        "xml xsl xslt rss atom wsdl dtd mathml",
        Claim::Markup,
        "an XML file",
    ),
    ("mht mhtml webarchive", Claim::Markup, "a saved web page"),
    (
        "exe scr com pif cpl dll sys drv ocx msp mst gadget xll wll ax efi mui xbap application appref-ms appcontent-ms vsto xnk mcf mad maf mat mau \
         settingcontent-ms search-ms searchconnector-ms library-ms theme themepack diagcab diagcfg diagpkg msc ws wsb",
        Claim::Program,
        "a Windows program",
    ),
    (
        "msi msix msixbundle appx appxbundle appinstaller vsix",
        Claim::Program,
        "a Windows installer",
    ),
    ("bat cmd btm", Claim::Program, "a Windows batch file"),
    ("js jse mjs cjs", Claim::Program, "a JavaScript program"),
    (
        "vbs vbe vb vbscript vba bas wsf wsh wsc sct hta hlp hpj",
        Claim::Program,
        "a script of Windows",
    ),
    (
        "ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 psdm1 pssc msh msh1 msh2 mshxml msh1xml msh2xml cdxml",
        Claim::Program,
        "a PowerShell script",
    ),
    (
        "reg inf ins isp prf msu",
        Claim::Program,
        "a file of settings for Windows",
    ),
    (
        "lnk url website webloc desktop scf shb shs udl rdp iqy oqy dqy rqy slk jnlp chm fileloc inetloc vncloc mailloc ftploc afploc \
         terminal mobileconfig configprofile wflow odc osd ops pcd plg bgi its ica rdg printerexport manifest csproj vbproj",
        Claim::Program,
        "a shortcut or a file that starts programs",
    ),
    (
        "jar class apk aab xapk ipa dex swf air crx xpi deb rpm pkg mpkg run elf so dylib wasm",
        Claim::Program,
        "a program",
    ),
    (
        "sh bash csh ksh zsh command workflow applescript scpt scptd py pyc pyo pyw pyz pyzw php php3 php5 phtml asp \
         aspx asx jsp cgi rb lua tcl ahk au3",
        Claim::Program,
        "a script",
    ),
    (
        "ade adp accda accde accdb accdr accdt accdu accdw mda mdb mde mdt mdw mdz",
        Claim::Program,
        "an Access database",
    ),
    (
        "zip zipx rar r00 r01 7z gz tgz bz bz2 tbz tbz2 xz txz zst lz lzma tar taz cab arj lzh lha ace zoo alz uue uu xxe \
         cpio war ear kmz",
        Claim::Archive,
        "an archive",
    ),
    (
        "iso img udf vhd vhdx vmdk vdi dmg wim toast nrg mdf daa qcow2",
        Claim::Archive,
        "an image of a disk",
    ),
    (
        "doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltx xltm xla xlam ppt pptx pptm pps ppsx ppsm pot potx potm ppam sldx \
         rtf odt ods odp odg odf ott ots sxw sxc pages numbers key wps wpd pub vsd vsdx mpp one onepkg onetoc2 ps eps xps oxps \
         djvu djv epub mobi azw3 fb2 dwg dxf cdr",
        Claim::Document,
        "a document of an office program",
    ),
    (
        "mp4 m4v mov qt 3gp 3g2 avi mkv webm wmv flv mpg mpeg mts m2ts mp3 m4a aac ogg oga opus amr wav wma flac aif aiff mid midi \
         caf m3u m3u8 pls",
        Claim::Media,
        "a sound or a film",
    ),
    (
        "asc pem cer crt der p12 pfx p7b p7c csr jks keystore ppk pub-key gpgkey",
        Claim::Key,
        "a key or a certificate",
    ),
    ("p7s sig sign", Claim::Signature, "a signature"),
    ("p7m pgp gpg age kdbx", Claim::Sealed, "an encrypted file"),
    (
        "eml msg emlx mbox mbx pst ost oft tnef",
        Claim::Message,
        "a message",
    ),
];

/// What an extension in small letters claims, and in which words.
pub(super) fn claim(extension: &str) -> (Claim, &'static str) {
    // A file whose extension is a class is opened by that class: `x.pdf.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}` is a program.
    if extension.starts_with('{') {
        return (Claim::Program, "a program of Windows by its class");
    }
    TABLE
        .iter()
        .find(|(extensions, _, _)| {
            !extension.is_empty() && extensions.split(' ').any(|known| known == extension)
        })
        .map_or((Claim::Nothing, "nothing"), |(_, claim, words)| {
            (*claim, *words)
        })
}

impl Claim {
    /// Whether two names may stand on one file: one that claims nothing goes with all, pictures with pictures.
    pub(super) fn agrees(self, other: Self) -> bool {
        let pictures = |claim| matches!(claim, Self::Allowed | Self::Picture);
        self == other
            || self == Self::Nothing
            || other == Self::Nothing
            || (pictures(self) && pictures(other))
    }
}
