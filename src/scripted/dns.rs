//! A DNS server on loopback that answers from a list: for the demo, and for tests that need a domain to say something.
//!
//! A name that is on no line does not exist. Faults are lines, too, in place of a type: `SERVFAIL`, `REFUSED`, `SILENCE`, `SLOW` with
//! milliseconds, `GARBAGE` (no DNS message), `WRONGID`, `TRUNCATED` (until it is asked by TCP). `SECURE` has the answers vouched for
//! by DNSSEC, as a validating resolver says it (AD, RFC 4035 3.2.3).

mod answer;
mod zones;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

pub use zones::Zones;

use self::answer::Shared;

/// The longest answer by UDP, in octets, the size that resolvers announce by EDNS; a longer one is asked for again by TCP.
const UDP_LIMIT: usize = 1232;

/// A running server; it stops when it is dropped.
pub struct DnsServer {
    /// One port for both, as resolvers expect.
    address: SocketAddr,
    shared: Arc<Shared>,
    /// The two listeners; connections and answers under way end by themselves.
    tasks: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts on a free port of 127.0.0.1, UDP and TCP.
    ///
    /// # Errors
    /// No port that is free for both could be bound.
    pub async fn start(zones: Zones) -> std::io::Result<Self> {
        let (tcp, udp) = Self::bind().await?;
        let address = tcp.local_addr()?;
        let shared = Arc::new(Shared::new(zones));
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

    /// Binds a port that is free for both: one that is for TCP may be somebody's for UDP.
    async fn bind() -> std::io::Result<(TcpListener, UdpSocket)> {
        const TRIES: u32 = 20;
        let mut tries = 0;
        loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await?;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Err(_) if tries < TRIES => tries += 1,
                udp => return Ok((tcp, udp?)),
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from another list from now on.
    pub fn change(&self, zones: Zones) {
        self.shared.change(zones);
    }

    /// Every question so far, as `shop.example. MX`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Answers by UDP. A slow answer waits in a task of its own and holds nobody else up.
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

/// Answers by TCP, where answers that were cut come again.
async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            // A connection that breaks is the client's to repeat.
            let _ = serve_connection(stream, &shared).await;
        });
    }
}

/// Answers question after question, each with its length before it (RFC 1035 4.2.2). Silence closes the connection.
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
