//! Opens the connection to a server, and tells a lack of files of our own from a server that cannot be reached.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::broken::Broken;
use crate::failpoint;

/// Connects to `address` within `patience`.
///
/// # Errors
/// [`Broken`] before anything was said.
pub(super) async fn dial(address: SocketAddr, patience: Duration) -> Result<TcpStream, Broken> {
    let stream = timeout(patience, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| Broken::Silent("no connection in time"))?;
    let stream = stream.and_then(|stream| failpoint::hit("delivery.connecting").map(|()| stream));
    let stream = stream.map_err(|error| {
        let few = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
        // Out of files: a fault of ours, which says nothing about the server, so its lane is not closed for it (docs/threats.md#123).
        if error.raw_os_error().is_some_and(|code| few.contains(&code)) {
            Broken::Midway(error.to_string())
        } else {
            Broken::BeforeMail(error.to_string())
        }
    })?;
    // Commands are small and wait for replies. A failure costs speed, nothing else.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
