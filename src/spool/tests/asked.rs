//! What a log is asked for while power is cut, and what is live once it has happened.

use std::collections::BTreeMap;

use super::*;
use crate::spool::record::{Kind, Record};
use crate::spool::request::{self, Request};

/// What is known of an entry: its message, and how often it was tried.
pub(super) type Known = BTreeMap<u64, (Vec<u8>, u32)>;

/// What one request asks for.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Commit(Vec<(u64, Vec<u8>)>),
    Done(u64),
    Deferred(u64, u32),
    Report(u64, (u64, Vec<u8>)),
    /// More of a commit that is closed later.
    Piece(u64, Vec<(u64, Vec<u8>)>),
    /// What was written of it before, and the last of it.
    Close(u64, Vec<(u64, Vec<u8>)>, Vec<(u64, Vec<u8>)>),
    /// What was written of it.
    Abandon(u64, Vec<(u64, Vec<u8>)>),
}

impl Asked {
    pub(super) fn request(&self) -> Request {
        let entry =
            |(id, body): &(u64, Vec<u8>)| request::entry(&committed(QueueId(*id), body)).unwrap();
        let settled = |id: &u64, settlement| request::settled(QueueId(*id), &settlement).unwrap();
        let records: Vec<Record> = match self {
            Self::Commit(entries) => entries.iter().map(entry).collect(),
            Self::Done(id) => vec![settled(id, Settlement::Done)],
            Self::Deferred(id, attempts) => {
                let progress = Progress {
                    attempts: *attempts,
                    ..Progress::default()
                };
                vec![settled(id, Settlement::Deferred(progress))]
            }
            Self::Report(about, report) => vec![entry(report), settled(about, Settlement::Done)],
            Self::Piece(commit, entries) => pieces(*commit, entries),
            Self::Close(commit, _, last) => {
                let end = Record::end(Kind::Finish, QueueId(*commit));
                pieces(*commit, last).into_iter().chain([end]).collect()
            }
            Self::Abandon(commit, _) => vec![Record::end(Kind::Abandon, QueueId(*commit))],
        };
        let mut request = Request::of(records[0].clone());
        request.records = records;
        request
    }

    /// What is live once this has happened.
    pub(super) fn apply(&self, known: &mut Known) {
        match self {
            Self::Commit(entries) => {
                known.extend(entries.iter().map(|(id, body)| (*id, (body.clone(), 0))));
            }
            Self::Done(id) => drop(known.remove(id)),
            Self::Deferred(id, attempts) => known.get_mut(id).unwrap().1 = *attempts,
            Self::Report(about, (id, body)) => {
                known.remove(about);
                known.insert(*id, (body.clone(), 0));
            }
            Self::Close(_, earlier, last) => {
                let all = earlier.iter().chain(last);
                known.extend(all.map(|(id, body)| (*id, (body.clone(), 0))));
            }
            Self::Piece(..) | Self::Abandon(..) => {}
        }
    }

    /// The ids that tell whether it has happened.
    pub(super) fn ids(&self) -> Vec<u64> {
        match self {
            Self::Commit(entries) => entries.iter().map(|(id, _)| *id).collect(),
            Self::Done(id) | Self::Deferred(id, _) => vec![*id],
            Self::Report(about, (id, _)) => vec![*about, *id],
            Self::Piece(_, entries) | Self::Abandon(_, entries) => {
                entries.iter().map(|(id, _)| *id).collect()
            }
            Self::Close(_, earlier, last) => {
                earlier.iter().chain(last).map(|(id, _)| *id).collect()
            }
        }
    }
}

fn pieces(commit: u64, entries: &[(u64, Vec<u8>)]) -> Vec<Record> {
    let piece = |(id, body): &(u64, Vec<u8>)| {
        request::part(QueueId(commit), &committed(QueueId(*id), body)).unwrap()
    };
    entries.iter().map(piece).collect()
}
