//! A unix socket that only its owner can reach.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;

/// Binds `path`, mode 0600. The socket of a process that has ended is replaced; one that is answered on is not, nor is anything else that has the name.
pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    clear(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Linux makes the file with the mode of the socket: there is no moment in which others can connect.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Other systems take no mode from the socket.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    UnixListener::from_std(socket.into())
}

/// Takes away a socket that nobody answers on: it is left from a run that was killed.
fn clear(path: &Path) -> io::Result<()> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        let text = "it is there already and no socket; name another path";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // One whose queue is full lives, and must not be waited for.
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        _ => {
            let text = "another server answers there; stop it, or name another path";
            Err(io::Error::new(io::ErrorKind::AddrInUse, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn h157_a_socket_is_its_owners_and_only_a_dead_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let first = bind(&path).unwrap();
        assert_eq!(mode(), 0o600);
        assert_eq!(bind(&path).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        // The file is left, as after a kill.
        assert!(path.exists());
        let second = bind(&path).unwrap();
        assert_eq!(mode(), 0o600);
        // One whose queue is full lives, too.
        let mut waiting = Vec::new();
        loop {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            if socket.connect(&SockAddr::unix(&path).unwrap()).is_err() {
                break;
            }
            waiting.push(socket);
        }
        assert_eq!(bind(&path).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        drop(second);
        // What is no socket stays as it is.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(
            bind(&path).err().unwrap().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
