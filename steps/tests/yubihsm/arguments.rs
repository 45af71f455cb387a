//! What `officiant check` can find, and what only performing finds.

use crate::bench::{Room, authentication_key, key};
use officiant_engine::conduct::Effect;
use officiant_steps::ports::{Ports, SystemPorts};
use serde_json::json;
use std::sync::Arc;

#[test]
fn an_argument_that_is_wrong_is_refused_before_anything_is_looked_at() {
    let mut room = Room::live([]);
    let mut refused = |arguments: serde_json::Value| {
        let failure = room.attempt("yubihsm.generate-asymmetric-key", arguments).unwrap_err();
        assert_eq!(failure.code, "wrong-argument");
        failure.message.strip_prefix("yubihsm.generate-asymmetric-key: ").unwrap().to_string()
    };
    assert_eq!(refused(key(0, "ed25519", "none")), "0 is no object ID; they go from 1 to 65534");
    assert_eq!(
        refused(key(1, "ed25519", "sign-eddssa")),
        "there is no capability `sign-eddssa`; did you mean `sign-eddsa`?"
    );
    assert!(refused(key(1, "rsa2048", "none")).starts_with("unknown variant `rsa2048`, expected one of `ed25519`"));
    let mut long = key(1, "ed25519", "none");
    long["label"] = json!("x".repeat(41));
    assert_eq!(refused(long), format!("the label `{}` has 41 bytes; a label has 40 at most", "x".repeat(41)));
    let mut unknown = key(1, "ed25519", "none");
    unknown["lable"] = json!("x");
    assert!(refused(unknown).starts_with("unknown field `lable`"));
    let mut domains = key(1, "ed25519", "none");
    domains["domains"] = json!("1,17");
    assert_eq!(refused(domains), "there is no domain 17; they go from 1 to 16");
    let mut password = authentication_key(2);
    password["password"] = json!("password");
    let failure = room.attempt("yubihsm.put-authentication-key", password).unwrap_err();
    assert_eq!(failure.code, "wrong-argument");
}

#[test]
fn the_schemas_say_what_is_a_device_a_secret_and_a_name() {
    let ports: Arc<dyn Ports> = Arc::new(SystemPorts::new());
    let registry = officiant_steps::registry(&ports);
    let arguments = |name: &str| registry.get(name).unwrap().arguments["properties"].clone();
    for handler in registry.iter().filter(|handler| handler.name.starts_with("yubihsm.")) {
        assert_eq!(handler.arguments["properties"]["device"]["x-device"], "yubihsm2", "{}", handler.name);
        assert_eq!(handler.arguments["additionalProperties"], false, "{}", handler.name);
        if handler.name != "yubihsm.device-info" {
            assert_eq!(handler.arguments["properties"]["password"]["x-secret"], true, "{}", handler.name);
            assert_eq!(handler.known_secrets, ["factory-default"], "{}", handler.name);
            assert_eq!(handler.arguments["properties"]["authentication_key"]["default"], 1, "{}", handler.name);
        }
        assert!(handler.outputs["properties"]["serial"].is_object(), "{}", handler.name);
        assert_eq!(handler.outputs["$defs"], json!(null), "{}: subschemas are inlined", handler.name);
        assert_eq!(handler.arguments["$defs"], json!(null), "{}: subschemas are inlined", handler.name);
    }
    for name in ["devices.insert", "devices.remove"] {
        assert_eq!(arguments(name)["device"]["x-device"], "");
    }
    let generated = &registry.get("yubihsm.generate-asymmetric-key").unwrap().outputs["properties"];
    assert!(generated["label"].is_object() && generated["capabilities"].is_object());
    let put = arguments("yubihsm.put-authentication-key");
    assert_eq!(put["object_id"]["maximum"], 65_534);
    assert_eq!(put["label"]["maxLength"], 40);
    assert!(put["capabilities"]["anyOf"][1]["items"]["enum"].as_array().unwrap().contains(&json!("sign-eddsa")));
    assert_eq!(arguments("yubihsm.attest")["required"]["default"], true);
    for (name, irreversible) in [
        ("yubihsm.reset", true),
        ("yubihsm.delete-object", true),
        ("yubihsm.generate-asymmetric-key", true),
        ("yubihsm.sign", false),
    ] {
        let handler = registry.get(name).unwrap();
        assert_eq!((handler.effect, handler.irreversible.is_some()), (Effect::Changes, irreversible), "{name}");
    }
}
