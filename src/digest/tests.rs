//! The room as a whole.

mod corpus;
mod files;
mod quotes;

use super::{Digest, File};
use crate::mail::ReversePath;
use crate::message::Message;

/// The digest of a message whose lines end in LF here.
fn digest(raw: &str) -> Digest {
    after(raw, &[])
}

/// The same, below earlier texts.
fn after(raw: &str, earlier: &[&str]) -> Digest {
    let raw = raw.replace('\n', "\r\n");
    let message = Message::parse(raw.into()).unwrap();
    Digest::of(&message, &ReversePath::Null, earlier)
}

/// A message of several parts, each a head and a body.
fn multipart(kind: &str, parts: &[(&str, &str)]) -> String {
    let boundary = kind.replace('/', "");
    let parts = parts
        .iter()
        .map(|(head, body)| format!("--{boundary}\n{head}\n\n{body}\n"));
    let parts: String = parts.collect();
    format!("Content-Type: {kind}; boundary={boundary}\n\n{parts}--{boundary}--\n")
}

/// The names of files.
fn names(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}
