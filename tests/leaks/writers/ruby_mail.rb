# Messages as Ruby's mail library (Debian: ruby-mail) writes them, which Rails sends by: `ruby_mail.rb FOLDER`.
require 'json'
require 'mail'

JSON.parse(File.read("#{ARGV[0]}/letters.json")).each do |letter|
  own = letter['charset']
  written = ->(text) { text.encode(own, 'utf-8') }
  mail = Mail.new
  mail.charset = own
  mail.from = letter['name'].empty? ? letter['from'] : Mail::Address.new(letter['from']).tap { |one| one.display_name = letter['name'] }.format
  mail.to = letter['to']
  mail.subject = letter['subject']
  mail.date = Time.at(letter['date']).utc
  mail.message_id = "<#{letter['number']}.17@localhost>"
  letter['fields'].each { |name, value| mail.header[name] = value }
  text = letter['text'] && Mail::Part.new do
    content_type "text/plain; charset=#{own}#{letter['flowed'] ? '; format=flowed' : ''}"
    body written.call(letter['text'])
  end
  page = letter['html'] && Mail::Part.new do
    content_type "text/html; charset=#{own}"
    body written.call(letter['html'])
  end
  simple = letter['inline'].empty? && letter['files'].empty? && !letter['forward'] && !letter['calendar'] && !(text && page)
  if simple
    part = text || page
    mail.content_type = part.content_type
    mail.body = part.body.decoded.force_encoding(own)
  else
    mail.text_part = text if text
    mail.html_part = page if page
  end
  # What a server takes; by which encoding the library chooses. It cannot join 8bit parts of different charsets.
  mail.transport_encoding = '8bit' if letter['encoding'] == '8bit' && simple
  letter['inline'].each do |one|
    mail.attachments.inline[one['name']] = { mime_type: one['type'], content_id: "<#{one['cid']}>", content: File.binread(one['path']) }
  end
  letter['files'].each do |one|
    mail.attachments[one['name']] = { mime_type: one['type'], content: File.binread(one['path']) }
  end
  if letter['calendar']
    mail.add_part(Mail::Part.new { content_type 'text/calendar; charset=UTF-8; method=REQUEST'; body letter['calendar'] })
  end
  if letter['forward']
    mail.add_part(Mail::Part.new { content_type 'message/rfc822'; body File.binread(letter['forward']['path']) })
  end
  File.binwrite(format('%s/%04d.eml', ARGV[0], letter['number']), mail.encoded)
end
