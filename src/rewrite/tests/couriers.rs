//! Couriers' mail, which keeps its bytes.

use super::*;

fn courier_trace() -> CourierTrace {
    CourierTrace {
        protocol: "ESMTP",
        client: "192.0.2.1".parse().unwrap(),
        helo: "mx.dhl.com\r\nEvil: x".to_owned(),
        result: Some("spf=pass smtp.mailfrom=dhl.com".to_owned()),
        trace: trace(),
    }
}

const TRACE_FIELDS: &str = "Authentication-Results: mx.allegromail.pl;\r\n spf=pass smtp.mailfrom=dhl.com\r\n\
    Received: from mx.dhl.comEvil:x ([192.0.2.1])\r\n by mx.allegromail.pl with ESMTP id 7-1;\r\n Mon, 23 Nov 2026 00:00:00 +0000\r\n";

#[test]
fn couriers_mail_keeps_every_byte() {
    let raw = b"From: x@dhl.com\r\nSubject:   odd  \r\nAuthentication-Results: other.example; dkim=pass\r\n\r\nbody without end \xff";
    let message = Message::parse(bytes::Bytes::from_static(raw)).unwrap();
    let out = courier(&message, &courier_trace());
    assert!(out.ends_with(raw));
    assert_eq!(&out[..out.len() - raw.len()], TRACE_FIELDS.as_bytes());
}

#[test]
fn results_that_claim_to_be_ours_go() {
    for forged in [
        "Authentication-Results: mx.allegromail.pl; dkim=pass",
        "authentication-results:MX.allegromail.PL 1; spf=pass",
        "Authentication-Results:\r\n (a comment)\r\n mx.allegromail.pl;\r\n dkim=pass",
    ] {
        let raw = format!("From: x@dhl.com\r\n{forged}\r\nSubject: x\r\n\r\nbody");
        let message = Message::parse(raw.into()).unwrap();
        let out = courier(&message, &courier_trace());
        let expected = format!("{TRACE_FIELDS}From: x@dhl.com\r\nSubject: x\r\n\r\nbody");
        assert_eq!(String::from_utf8_lossy(&out), expected, "{forged}");
    }
}

#[test]
fn a_courier_that_would_fail_elsewhere_writes_from_an_address_of_ours() {
    let raw = "DKIM-Signature: v=1; d=mailer.example; b=AA\r\nSubject:  odd\r\nFrom: DHL Paczka\r\n <x@dhl.com>\r\nX-Own: 1\r\n\r\nbody";
    let message = Message::parse(raw.into()).unwrap();
    let (from, shown) = (mailbox("x@dhl.com"), mailbox("c-abc@allegromail.pl"));
    let out = courier_as(
        &message,
        &courier_trace(),
        (&from, Some("DHL Paczka")),
        &shown,
    );
    let expected = format!(
        "{TRACE_FIELDS}From: \"DHL Paczka (x@dhl.com)\" <c-abc@allegromail.pl>\r\nReply-To: <x@dhl.com>\r\nSubject:  odd\r\nX-Own: 1\r\n\r\nbody"
    );
    assert_eq!(String::from_utf8_lossy(&out), expected);
    let own = Message::parse("From: x@dhl.com\r\nReply-To: y@dhl.com\r\n\r\n".into()).unwrap();
    let out = courier_as(&own, &courier_trace(), (&from, None), &shown);
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(
        text.contains("From: \"x@dhl.com\" <c-abc@allegromail.pl>\r\nReply-To: y@dhl.com\r\n"),
        "{text}"
    );
}
