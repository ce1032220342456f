//! A DNS server on loopback that answers from a list: for the demo, and for tests that need a domain to say something.
//!
//! A name that is on no line does not exist. Faults are lines, too: `SERVFAIL`, `REFUSED`, `SILENCE` in place of a type.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// The most that fits into one UDP answer without EDNS; a longer one is asked for again by TCP.
const UDP_LIMIT: usize = 1232;
/// The most octets of one string of a TXT record.
const TXT_STRING: usize = 255;
/// How long answers may be kept, in seconds.
const TTL: u32 = 60;

/// What is known of a name.
#[derive(Debug, Clone)]
enum Known {
    Record(RData),
    Fault(ResponseCode),
    Silence,
}

/// A list of records, one a line: `NAME TYPE DATA`, as `shop.example MX 10 mx.shop.example`.
#[derive(Debug, Clone, Default)]
pub struct Zones(HashMap<Name, Vec<Known>>);

impl Zones {
    /// Reads the lines.
    ///
    /// # Errors
    /// A sentence that names the first line that cannot be read.
    pub fn parse(lines: &[&str]) -> Result<Self, String> {
        let mut zones = Self::default();
        for line in lines {
            let (name, known) =
                parse_line(line).ok_or_else(|| format!("{line}: not NAME TYPE DATA"))?;
            zones.0.entry(name).or_default().push(known);
        }
        Ok(zones)
    }
}

fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?.to_lowercase();
    name.set_fqdn(true);
    Some(name)
}

fn parse_line(line: &str) -> Option<(Name, Known)> {
    let (owner, rest) = line.trim().split_once(' ')?;
    let (kind, data) = rest
        .trim()
        .split_once(' ')
        .unwrap_or_else(|| (rest.trim(), ""));
    let data = data.trim();
    let record = match kind {
        "A" => RData::A(A(data.parse().ok()?)),
        "AAAA" => RData::AAAA(AAAA(data.parse().ok()?)),
        "CNAME" => RData::CNAME(CNAME(name(data)?)),
        "PTR" => RData::PTR(PTR(name(data)?)),
        "MX" => {
            let (preference, host) = data.split_once(' ')?;
            RData::MX(MX::new(preference.parse().ok()?, name(host)?))
        }
        "TXT" => {
            let strings = data
                .as_bytes()
                .chunks(TXT_STRING)
                .map(|chunk| String::from_utf8_lossy(chunk).into_owned());
            RData::TXT(TXT::new(strings.collect()))
        }
        "SERVFAIL" => return Some((name(owner)?, Known::Fault(ResponseCode::ServFail))),
        "REFUSED" => return Some((name(owner)?, Known::Fault(ResponseCode::Refused))),
        "SILENCE" => return Some((name(owner)?, Known::Silence)),
        _ => return None,
    };
    Some((name(owner)?, Known::Record(record)))
}

/// A running server; it stops when it is dropped.
pub struct DnsServer {
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts on a free port of 127.0.0.1, UDP and TCP.
    ///
    /// # Errors
    /// No port that is free for both could be bound.
    pub async fn start(zones: Zones) -> std::io::Result<Self> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let address = tcp.local_addr()?;
        let udp = UdpSocket::bind(address).await?;
        let zones = Arc::new(zones);
        let tasks = vec![
            tokio::spawn(serve_udp(udp, zones.clone())),
            tokio::spawn(serve_tcp(tcp, zones)),
        ];
        Ok(Self { address, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn serve_udp(socket: UdpSocket, zones: Arc<Zones>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let Some(answer) = buffer
            .get(..length)
            .and_then(|question| answer(&zones, question))
        else {
            continue;
        };
        let whole = answer.to_vec().unwrap_or_default();
        let fitting = if whole.len() > UDP_LIMIT {
            answer.truncate().to_vec().unwrap_or_default()
        } else {
            whole
        };
        // Whoever asked asks again.
        let _ = socket.send_to(&fitting, peer).await;
    }
}

async fn serve_tcp(listener: TcpListener, zones: Arc<Zones>) {
    while let Ok((stream, _)) = listener.accept().await {
        let zones = zones.clone();
        tokio::spawn(async move {
            // A connection that breaks is the client's to repeat.
            let _ = serve_connection(stream, &zones).await;
        });
    }
}

async fn serve_connection(mut stream: TcpStream, zones: &Zones) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let Some(answer) = answer(zones, &question).and_then(|answer| answer.to_vec().ok()) else {
            return Ok(());
        };
        stream
            .write_u16(u16::try_from(answer.len()).unwrap_or_default())
            .await?;
        stream.write_all(&answer).await?;
    }
}

/// The answer to a question; none where there is to be silence.
fn answer(zones: &Zones, question: &[u8]) -> Option<Message> {
    let asked = Message::from_vec(question).ok()?;
    let query = asked.queries.first()?.clone();
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    answer.metadata.authoritative = true;
    answer.metadata.recursion_available = true;
    answer.metadata.recursion_desired = asked.metadata.recursion_desired;
    answer.add_query(query.clone());
    let mut owner = query.name().to_lowercase();
    // A chain of aliases longer than this is a circle.
    for _ in 0..8 {
        let Some(known) = zones.0.get(&owner) else {
            // A name that only has names below it exists.
            let exists = zones.0.keys().any(|name| owner.zone_of(name));
            answer.metadata.response_code = if exists {
                ResponseCode::NoError
            } else {
                ResponseCode::NXDomain
            };
            return Some(answer);
        };
        let mut alias = None;
        for known in known {
            match known {
                Known::Silence => return None,
                Known::Fault(code) => answer.metadata.response_code = *code,
                Known::Record(data) => {
                    if data.record_type() == query.query_type() {
                        answer.add_answer(Record::from_rdata(owner.clone(), TTL, data.clone()));
                    } else if let RData::CNAME(target) = data
                        && query.query_type() != RecordType::CNAME
                    {
                        answer.add_answer(Record::from_rdata(owner.clone(), TTL, data.clone()));
                        alias = Some(target.0.clone());
                    }
                }
            }
        }
        match alias {
            Some(target) => owner = target,
            None => break,
        }
    }
    Some(answer)
}
