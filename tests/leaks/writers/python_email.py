"""Messages as programs write them by the new half of Python's email package, EmailMessage and its policies: `python_email.py FOLDER`."""
import email
import email.headerregistry
import email.policy
import json
import sys
from email.message import EmailMessage

POLICIES = [email.policy.SMTP, email.policy.default, email.policy.SMTP.clone(max_line_length=200), email.policy.SMTP.clone(cte_type="7bit"), email.policy.SMTP.clone(max_line_length=60)]


def attach(whole, one, disposition):
    """Attaches a file; `disposition` says whether it is shown in place."""
    main, sub = one["type"].split(";")[0].split("/")
    content = open(one["path"], "rb").read()
    extra = {"cid": f"<{one['cid']}>"} if "cid" in one else {}
    charset = one["type"].partition("charset=")[2]
    # What says its charset is text; of other files programs attach the octets.
    if charset:
        content = content.decode(charset)
        whole.add_attachment(content, sub, charset=charset, filename=one["name"], disposition=disposition, **extra)
    elif extra:
        whole.add_related(content, main, sub, filename=one["name"], disposition=disposition, **extra)
    else:
        whole.add_attachment(content, main, sub, filename=one["name"], disposition=disposition)


def message(letter):
    """The whole message."""
    whole = EmailMessage(policy=POLICIES[letter["number"] // 3 % len(POLICIES)])
    local, _, domain = letter["from"].partition("@")
    whole["From"] = email.headerregistry.Address(letter["name"], local, domain)
    whole["To"] = letter["to"]
    whole["Subject"] = letter["subject"]
    whole["Date"] = email.utils.format_datetime(email.utils.datetime.datetime.fromtimestamp(letter["date"], email.utils.datetime.timezone.utc))
    whole["Message-ID"] = f"<{letter['number']}.17@localhost>"
    for name, value in letter["fields"]:
        whole[name] = value
    how = {"charset": letter["charset"], "cte": letter["encoding"]}
    if letter["flowed"] and letter["text"] is not None:
        how["params"] = {"format": "flowed"}
    # 8bit and 7bit cannot carry long lines: then the library is to choose.
    longest = max(len(line) for words in (letter["text"], letter["html"]) if words is not None for line in words.split("\n"))
    if longest > 70 or letter["number"] % 2:
        del how["cte"]
    if letter["text"] is not None:
        whole.set_content(letter["text"], **how)
        how.pop("params", None)
        if letter["html"] is not None:
            whole.add_alternative(letter["html"], subtype="html", **how)
    else:
        whole.set_content(letter["html"], subtype="html", **how)
    if letter["inline"]:
        page = whole.get_body(("html",))
        for one in letter["inline"]:
            attach(page, one, "inline")
    if letter["calendar"]:
        whole.add_alternative(letter["calendar"], subtype="calendar", params={"method": "REQUEST"})
    for one in letter["files"]:
        attach(whole, one, "attachment")
    if letter["forward"]:
        whole.add_attachment(email.message_from_binary_file(open(letter["forward"]["path"], "rb"), policy=whole.policy))
    return whole


for letter in json.load(open(f"{sys.argv[1]}/letters.json")):
    with open(f"{sys.argv[1]}/{letter['number']:04}.eml", "wb") as out:
        out.write(message(letter).as_bytes())
