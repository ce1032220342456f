//! What a participant has set, and what is told in its language.

use serde_json::json;

use super::*;
use crate::archive::{MailState, NewMessage};
use crate::center::PostError;

/// A sentence of ours, as a refusal and as the end of mail.
const CLOSED: &str = "this transaction is closed and takes no more mail.";

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_told_in_the_language_that_was_set() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let failed = |number, reason: &str| NewMessage {
        mail: MailState::Failed {
            reason: reason.to_owned(),
        },
        ..message(number, thread(true), Some(BUYER))
    };
    desk.add(vec![failed(1, CLOSED), failed(2, "550 go away")])
        .await;
    desk.people.set(ORDER, "closed");
    *desk.outbox.refuses.lock().unwrap() = Some(PostError::Refused {
        reason: "transaction-closed",
        rule: None,
        detail: CLOSED.to_owned(),
    });
    let path = format!("threads/{}", thread(true).id);
    for (set, language, chosen, word) in [
        (None, "pl", false, "transakcja jest zamknięta"),
        (Some("hu"), "hu", true, "tranzakció lezárult"),
        (Some("en"), "en", true, "ransaction is closed"),
        (None, "pl", false, "transakcja jest zamknięta"),
    ] {
        let put = buyer
            .json("PUT", "settings", json!({ "language": set }))
            .await;
        let expected = json!({"language": language, "chosen": chosen});
        assert_eq!((put.status, put.json()), (200, expected.clone()));
        assert_eq!(buyer.get("settings").await.json(), expected);
        let shown = buyer.get(&path).await.json();
        let label = shown["can_write"]["label"].as_str().unwrap();
        assert!(label.contains(word), "{label}");
        assert_eq!(shown["can_write"]["why"], "transaction-closed");
        let messages = buyer.get(&format!("{path}/messages")).await.json();
        let mail = |at: usize| messages["messages"][at]["mail"].clone();
        assert_eq!(mail(0)["reason"], CLOSED);
        assert!(
            mail(0)["label"].as_str().unwrap().contains(word),
            "{messages}"
        );
        // What another server said is nobody's to translate.
        let theirs = mail(1)["label"].as_str().map(str::to_owned);
        assert_eq!(theirs.is_some(), language == "en");
        let one = messages["messages"][0]["id"].as_str().unwrap();
        let one = buyer.get(&format!("messages/{one}")).await.json();
        assert_eq!(one["mail"], mail(0));
        let refused = buyer
            .json("POST", &format!("{path}/messages"), json!({"text": "a"}))
            .await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json()["detail"], CLOSED);
        assert!(refused.json()["label"].as_str().unwrap().contains(word));
    }
    // The other side has its own, and hears no reason of others' mail.
    let seller = desk.client(SELLER);
    let messages = seller.get(&format!("{path}/messages")).await.json();
    assert_eq!(messages["messages"][0]["mail"], json!({"state": "failed"}));
    for bad in [
        json!({"language": "xx"}),
        json!({"language": 7}),
        json!({"lang": "pl"}),
        json!(null),
    ] {
        let refused = buyer.json("PUT", "settings", bad).await;
        assert_eq!(refused.status, 422, "{refused:?}");
    }
    desk.close().await;
}
