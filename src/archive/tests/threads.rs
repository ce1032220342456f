//! Threads and their messages, page by page.

use super::*;

#[tokio::test]
async fn threads_are_found_by_what_is_asked_for_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    for (number, of, by_buyer) in [(1, 0, true), (2, 1, false), (3, 2, true), (4, 0, false)] {
        archive
            .add(
                vec![message(number, of, by_buyer)],
                Timestamp(number * 1_000),
            )
            .await
            .unwrap();
    }
    let found = async |filter: ThreadFilter| {
        let page = archive.threads(person(0), filter, None, 10).await.unwrap();
        let ids = page.threads.into_iter().map(|view| view.thread.id.0[15]);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found(ThreadFilter::default()).await, [0, 2, 1]);
    let with = |number| ThreadFilter {
        with: Some(format!("login-{number}")),
        ..ThreadFilter::default()
    };
    assert_eq!(found(with(1)).await, [0, 1]);
    assert_eq!(found(with(2)).await, [2]);
    assert_eq!(
        found(with(0)).await,
        [0; 0],
        "one's own login is nobody else's"
    );
    let courier = ThreadFilter {
        kind: Some(ThreadKind::Courier),
        ..ThreadFilter::default()
    };
    assert_eq!(found(courier).await, [0; 0]);
    assert_eq!(
        found(ThreadFilter {
            unread: true,
            ..ThreadFilter::default()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        found(ThreadFilter {
            unanswered: true,
            ..ThreadFilter::default()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        found(ThreadFilter {
            orders: thread(1).order.map(|order| vec![order]),
            ..ThreadFilter::default()
        })
        .await,
        [1]
    );
    assert_eq!(
        found(ThreadFilter {
            since: Some(Timestamp(3_000)),
            ..ThreadFilter::default()
        })
        .await,
        [0, 2]
    );
    let mut pages = Vec::new();
    let mut next = None;
    loop {
        let page = archive
            .threads(person(0), ThreadFilter::default(), next, 1)
            .await
            .unwrap();
        pages.extend(page.threads.into_iter().map(|view| view.thread.id.0[15]));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages, [0, 2, 1]);
}

#[tokio::test]
async fn a_login_is_the_one_that_came_last() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let add = async |number, login: &str| {
        let mut message = message(number, 0, true);
        message.thread.parties.one.login = login.to_owned();
        archive.add(vec![message], Timestamp(9)).await.unwrap();
    };
    let seen = async |login: &str| {
        let filter = ThreadFilter {
            with: Some(login.to_owned()),
            ..ThreadFilter::default()
        };
        let page = archive.threads(person(1), filter, None, 10).await.unwrap();
        let views = page.threads.into_iter();
        let logins = views.map(|view| {
            let other = view.thread.parties.other_than(&person(1)).unwrap();
            other.login.clone()
        });
        logins.collect::<Vec<_>>()
    };
    add(1, "jan_kowalski").await;
    assert_eq!(seen("JAN_kowalski").await, ["jan_kowalski"]);
    add(2, "Jan_Kowalski").await;
    assert_eq!(seen("jan_kowalski").await, ["Jan_Kowalski"]);
    add(3, "nowak").await;
    assert_eq!(seen("jan_kowalski").await, [""; 0]);
    assert_eq!(seen("nowak").await, ["nowak"]);
}

#[tokio::test]
async fn messages_come_oldest_first_from_either_end() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let all = (1..=5).map(|number| message(number, 0, true)).collect();
    archive.add(all, Timestamp(9)).await.unwrap();
    let numbers = async |between| {
        let page = archive
            .messages(person(1), thread(0).id, between, 2)
            .await
            .unwrap();
        let numbers = page.into_iter().map(|message| message.number);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers(Between::After(0)).await, [1, 2]);
    assert_eq!(numbers(Between::After(4)).await, [5]);
    assert_eq!(numbers(Between::Before(u64::MAX)).await, [4, 5]);
    assert_eq!(numbers(Between::Before(4)).await, [2, 3]);
    assert_eq!(numbers(Between::Before(1)).await, [0; 0]);
}
