//! HTTP requests, written as they are wanted and not as a library would.
#![allow(dead_code, reason = "two binaries share it, and each uses its part")]

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

/// The whole answer, head and body.
pub fn get(admin: impl ToSocketAddrs, path: &str) -> String {
    request(admin, &format!("GET {path} HTTP/1.1\r\n"), "").unwrap()
}

/// Puts a JSON document.
pub fn put(admin: impl ToSocketAddrs, path: &str, json: &str) -> std::io::Result<String> {
    let head = format!("PUT {path} HTTP/1.1\r\nContent-Type: application/json\r\n");
    request(admin, &head, json)
}

/// Posts a body of this type; without one none is named.
pub fn post(admin: impl ToSocketAddrs, path: &str, kind: Option<&str>, body: &str) -> String {
    let kind = kind.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
    request(admin, &format!("POST {path} HTTP/1.1\r\n{kind}"), body).unwrap()
}

fn request(admin: impl ToSocketAddrs, head: &str, body: &str) -> std::io::Result<String> {
    let head = format!(
        "{head}Host: localhost\r\nContent-Length: {}\r\n",
        body.len()
    );
    let answer = exchange(admin, &head, body.as_bytes())?;
    String::from_utf8(answer).map_err(std::io::Error::other)
}

/// Sends a head as it stands, but for its last field, and a body; the answer up to the end of the connection.
pub fn exchange(admin: impl ToSocketAddrs, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(admin)?;
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
