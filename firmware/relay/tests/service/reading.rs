//! Who reads what: REQ, COUNT and live delivery under scope.

use serde_json::json;

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
