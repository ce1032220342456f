//! A DNS server on loopback that answers from a list: for the demo, and for tests that need a domain to say something.
//!
//! A name that is on no line does not exist. Faults are lines, too, in place of a type: `SERVFAIL`, `REFUSED`, `SILENCE`, `SLOW` with
//! milliseconds, `GARBAGE` (no DNS message), `WRONGID`, `TRUNCATED` (until it is asked by TCP). `SECURE` has the answers vouched for
//! by DNSSEC, as a validating resolver says it (AD, RFC 4035 3.2.3).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TLSA, TXT};
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
    Slow(Duration),
    Garbage,
    WrongId,
    Truncated,
    Secure,
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
        "TLSA" => {
            let mut words = data.split_ascii_whitespace();
            let mut number = || words.next()?.parse::<u8>().ok();
            let (usage, selector, matching) = (number()?, number()?, number()?);
            let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(words.next()?.as_bytes());
            RData::TLSA(TLSA::new(
                usage.into(),
                selector.into(),
                matching.into(),
                octets.ok()?,
            ))
        }
        "SERVFAIL" => return Some((name(owner)?, Known::Fault(ResponseCode::ServFail))),
        "REFUSED" => return Some((name(owner)?, Known::Fault(ResponseCode::Refused))),
        "SILENCE" => return Some((name(owner)?, Known::Silence)),
        "SLOW" => {
            let wait = Duration::from_millis(data.parse().ok()?);
            return Some((name(owner)?, Known::Slow(wait)));
        }
        "GARBAGE" => return Some((name(owner)?, Known::Garbage)),
        "WRONGID" => return Some((name(owner)?, Known::WrongId)),
        "TRUNCATED" => return Some((name(owner)?, Known::Truncated)),
        "SECURE" => return Some((name(owner)?, Known::Secure)),
        _ => return None,
    };
    Some((name(owner)?, Known::Record(record)))
}

/// What the server knows and has been asked.
struct Shared {
    zones: Mutex<Arc<Zones>>,
    asked: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server; it stops when it is dropped.
pub struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
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
        let shared = Arc::new(Shared {
            zones: Mutex::new(Arc::new(zones)),
            asked: Mutex::new(Vec::new()),
        });
        let tasks = vec![
            tokio::spawn(serve_udp(Arc::new(udp), shared.clone())),
            tokio::spawn(serve_tcp(tcp, shared.clone())),
        ];
        Ok(Self {
            address,
            shared,
            tasks,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from another list from now on.
    pub fn change(&self, zones: Zones) {
        *lock(&self.shared.zones) = Arc::new(zones);
    }

    /// Every question so far, as `shop.example. MX`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, shared: Arc<Shared>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let question = buffer.get(..length).unwrap_or_default().to_vec();
        let Some(given) = shared.answer(&question) else {
            continue;
        };
        let whole = given.octets();
        let fitting = if whole.len() > UDP_LIMIT || given.truncated {
            given.answer.truncate().to_vec().unwrap_or_default()
        } else {
            whole
        };
        let socket = socket.clone();
        tokio::spawn(async move {
            tokio::time::sleep(given.wait).await;
            // Whoever asked asks again.
            let _ = socket.send_to(&fitting, peer).await;
        });
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            // A connection that breaks is the client's to repeat.
            let _ = serve_connection(stream, &shared).await;
        });
    }
}

async fn serve_connection(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let Some(given) = shared.answer(&question) else {
            return Ok(());
        };
        tokio::time::sleep(given.wait).await;
        let octets = given.octets();
        stream
            .write_u16(u16::try_from(octets.len()).unwrap_or_default())
            .await?;
        stream.write_all(&octets).await?;
    }
}

/// An answer, and how it is given.
struct Given {
    answer: Message,
    wait: Duration,
    truncated: bool,
    garbage: bool,
}

impl Given {
    fn octets(&self) -> Vec<u8> {
        if self.garbage {
            return b"this is no answer".to_vec();
        }
        self.answer.to_vec().unwrap_or_default()
    }
}

impl Shared {
    /// The answer to a question; none where there is to be silence.
    fn answer(&self, question: &[u8]) -> Option<Given> {
        let asked = Message::from_vec(question).ok()?;
        let query = asked.queries.first()?.clone();
        lock(&self.asked).push(format!("{} {}", query.name(), query.query_type()));
        let zones = lock(&self.zones).clone();
        let mut answer = Message::response(asked.metadata.id, OpCode::Query);
        answer.metadata.authoritative = true;
        answer.metadata.recursion_available = true;
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.add_query(query.clone());
        let mut given = Given {
            answer,
            wait: Duration::ZERO,
            truncated: false,
            garbage: false,
        };
        let mut secure = true;
        let mut owner = query.name().to_lowercase();
        // A chain of aliases longer than this is a circle.
        for _ in 0..8 {
            let Some(known) = zones.0.get(&owner) else {
                // A name that only has names below it exists.
                let exists = zones.0.keys().any(|name| owner.zone_of(name));
                given.answer.metadata.response_code = if exists {
                    ResponseCode::NoError
                } else {
                    ResponseCode::NXDomain
                };
                return Some(given);
            };
            secure &= known.iter().any(|known| matches!(known, Known::Secure));
            match given.add(known, &owner, query.query_type())? {
                Some(target) => owner = target,
                None => break,
            }
        }
        // A resolver says AD only to those who asked for it, by AD or DO (RFC 6840 5.7, 5.8).
        let wanted = asked.metadata.authentic_data
            || asked
                .edns
                .as_ref()
                .is_some_and(|edns| edns.flags().dnssec_ok);
        given.answer.metadata.authentic_data = secure && wanted;
        Some(given)
    }
}

impl Given {
    /// Adds what is known of `owner`; the name that it is an alias of, if it is one. None: silence.
    fn add(&mut self, known: &[Known], owner: &Name, wanted: RecordType) -> Option<Option<Name>> {
        let mut alias = None;
        for known in known {
            match known {
                Known::Silence => return None,
                Known::Fault(code) => self.answer.metadata.response_code = *code,
                Known::Slow(wait) => self.wait = *wait,
                Known::Garbage => self.garbage = true,
                Known::WrongId => {
                    self.answer.metadata.id = self.answer.metadata.id.wrapping_add(1);
                }
                Known::Truncated => self.truncated = true,
                Known::Secure => {}
                Known::Record(data) => {
                    let of_kind = data.record_type() == wanted;
                    if let RData::CNAME(target) = data
                        && !of_kind
                    {
                        alias = Some(target.0.clone());
                    } else if !of_kind {
                        continue;
                    }
                    self.answer
                        .add_answer(Record::from_rdata(owner.clone(), TTL, data.clone()));
                }
            }
        }
        Some(alias)
    }
}
