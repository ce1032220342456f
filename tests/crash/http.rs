//! Requests to the admin interface.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The whole answer, head and body.
pub fn get(admin: SocketAddr, path: &str) -> String {
    request(admin, &format!("GET {path} HTTP/1.1\r\n"), "").unwrap()
}

/// Puts a JSON document.
pub fn put(admin: SocketAddr, path: &str, json: &str) -> std::io::Result<String> {
    let head = format!("PUT {path} HTTP/1.1\r\nContent-Type: application/json\r\n");
    request(admin, &head, json)
}

/// Posts a body of this type; without one none is named.
pub fn post(admin: SocketAddr, path: &str, kind: Option<&str>, body: &str) -> String {
    let kind = kind.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
    request(admin, &format!("POST {path} HTTP/1.1\r\n{kind}"), body).unwrap()
}

fn request(admin: SocketAddr, head: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(admin)?;
    write!(
        stream,
        "{head}Host: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
