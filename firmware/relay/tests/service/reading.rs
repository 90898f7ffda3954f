//! Who reads what: REQ and COUNT under scope.

use serde_json::json;

use relaybox_protocol::permissions::Compartment;

use crate::calls::Visit;
use crate::practice::pk;
use crate::relay::{Relay, config};

#[tokio::test]
async fn a_parent_reads_the_own_child_and_nobody_elses() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let (own, other) = (practice.vital("nurse", "child"), practice.vital("nurse", "other-child"));
    nurse.publish(&own).await.stored();
    nurse.publish(&other).await.stored();
    assert_eq!(nurse.count(json!({"kinds": [2113]})).await, Ok(2));
    let mut mother = relay.login("mother").await;
    assert_eq!(mother.ids(json!({"kinds": [2113]})).await, [own.id.to_hex()]);
    assert_eq!(mother.count(json!({"kinds": [2113]})).await, Ok(1));
    let foreign = mother.ids(json!({"ids": [other.id.to_hex()]})).await;
    let absent = mother.ids(json!({"ids": [pk("nobody").to_hex()]})).await;
    assert_eq!(foreign, absent);
    let mut father = relay.login("father").await;
    assert_eq!(father.ids(json!({"ids": [other.id.to_hex()]})).await, [other.id.to_hex()]);
}

#[tokio::test]
async fn no_filter_widens_the_scope_and_the_forbidden_looks_like_the_absent() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let (own, other) = (practice.vital("nurse", "child"), practice.vital("nurse", "other-child"));
    nurse.publish(&own).await.stored();
    nurse.publish(&other).await.stored();
    let chart = practice.secret(Compartment::Chart).public.to_hex();
    let foreign = [
        json!({"#p": [pk("other-child").to_hex()]}),
        json!({"#p": [chart.clone()], "#P": ["x"]}),
        json!({"ids": [other.id.to_hex()]}),
        json!({"ids": [other.id.to_hex()], "authors": [pk("nurse").to_hex()], "kinds": [2113]}),
        json!({"authors": [pk("father").to_hex()]}),
        json!({"kinds": [2122], "#c": ["policy-staff"]}),
        json!({"kinds": [2101]}),
    ];
    let mut mother = relay.login("mother").await;
    for filter in foreign {
        assert_eq!(mother.req("a", std::slice::from_ref(&filter)).await, Ok(vec![]), "{filter}");
        assert_eq!(mother.count(filter.clone()).await, Ok(0), "{filter}");
    }
    for filter in [
        json!({"#p": [chart], "kinds": [2113]}),
        json!({"authors": [pk("nurse").to_hex()]}),
        json!({"kinds": [2113]}),
    ] {
        assert_eq!(mother.ids(filter).await, [own.id.to_hex()]);
    }
    let mut father = relay.login("father").await;
    assert_eq!(
        father.ids(json!({"#p": [pk("other-child").to_hex()], "kinds": [2113]})).await,
        [other.id.to_hex()]
    );
    assert!(nurse.count(json!({"kinds": [2122], "#c": ["policy-staff"]})).await.unwrap() > 0);
}

#[tokio::test]
async fn the_front_desk_reads_the_desk_and_an_agent_what_it_was_granted() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let vital = practice.vital("nurse", "child");
    nurse.publish(&vital).await.stored();
    let mut desk = relay.login("desk").await;
    assert_eq!(desk.count(json!({"kinds": [2113]})).await, Ok(0));
    assert_eq!(desk.count(json!({"kinds": [2110]})).await, Ok(2));
    let mut fhir = relay.login("fhir").await;
    assert_eq!(fhir.ids(json!({"kinds": [2113]})).await, [vital.id.to_hex()]);
    let mut mail = relay.login("mail").await;
    assert_eq!(mail.count(json!({"kinds": [2110, 2113]})).await, Ok(0));
}

#[tokio::test]
async fn signalling_reaches_its_two_parties_and_expires() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let signal = practice.signal("doctor", "mother", relay.now() + 3_600);
    let mut doctor = relay.login("doctor").await;
    let too_long = practice.signal("doctor", "mother", relay.now() + 3_601);
    let text = "invalid: this kind's expiration tag is missing, too far or not allowed";
    doctor.publish(&too_long).await.refused(text);
    let visit =
        Visit { child: "child", providers: &["doctor"], guardians: &["mother"], begins_in: 0, lasts: 900 };
    doctor.publish(&practice.visit(&visit, None)).await.stored();
    doctor.publish(&signal).await.stored();
    let asked = json!({"kinds": [4050]});
    for (name, reads) in [("doctor", 1), ("mother", 1), ("nurse", 0), ("father", 0), ("fhir", 0)] {
        assert_eq!(relay.login(name).await.count(asked.clone()).await, Ok(reads), "{name}");
    }
    relay.pass_seconds(3_600);
    assert_eq!(relay.login("mother").await.count(asked).await, Ok(0));
}
