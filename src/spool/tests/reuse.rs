//! Files of dead segments, and ids: what is used again and what is not.

use std::sync::atomic::Ordering;

use super::power::start;
use super::*;
use crate::spool::request::{self, Request};
use crate::spool::writer::Writer;

fn come(writer: &mut Writer) -> QueueId {
    let id = QueueId(writer.shared.next_id.fetch_add(1, Ordering::SeqCst));
    let record = request::entry(&committed(id, &[b'x'; 2_000])).unwrap();
    writer.write(&[Request::of(record)]).unwrap();
    id
}

fn go(writer: &mut Writer, id: QueueId) {
    let record = request::settled(id, &Settlement::Done).unwrap();
    writer.write(&[Request::of(record)]).unwrap();
}

#[test]
fn a_reader_finds_in_its_file_what_was_there_whatever_becomes_of_the_segment() {
    let dir = scratch();
    let (mut writer, _, _) = start(dir.path());
    let id = come(&mut writer);
    let place = writer.shared.index().get(id).unwrap().entry;
    let held = writer.active.clone();
    go(&mut writer, id);
    for _ in 0..30 {
        let id = come(&mut writer);
        go(&mut writer, id);
        writer.compact();
    }
    assert!(writer.active.stamp.over, "no file was written over");
    let read = held.record(place.at, place.at + place.size).unwrap();
    let body = held.body(place.at, &read.unwrap().fixed).unwrap();
    assert_eq!(body.unwrap(), [b'x'; 2_000]);
}

#[test]
fn ids_do_not_come_again_when_all_that_had_them_is_gone() {
    let dir = scratch();
    let (mut writer, _, _) = start(dir.path());
    let mut empty = 0;
    for _ in 0..30 {
        let id = come(&mut writer);
        go(&mut writer, id);
        writer.compact();
        empty += usize::from(writer.end == segment::HEAD_SIZE);
        let copy = scratch();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        let (again, _, _) = start(copy.path());
        let next = again.shared.next_id.load(Ordering::SeqCst);
        assert!(next > id.0, "{next} after {id}");
    }
    assert!(empty > 2, "{empty} times the log held nothing but a head");
}
