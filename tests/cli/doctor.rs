//! `doctor`: what works here, and advice that fits what is wanted.

use crate::folder::*;

#[test]
fn doctor_examines_every_adapter() {
    let folder = Folder::new();
    let told = folder.succeed("doctor --json d.json");
    let report = folder.json("d.json");
    folder.succeed("devices --json all.json");
    let (examined, listed) = (&report["adapters"], &folder.json("all.json")["adapters"]);
    let (examined, listed) = (
        examined.as_array().expect("a list"),
        listed.as_array().expect("a list"),
    );
    assert_eq!(examined.len(), listed.len());
    let mut usable = 0;
    for (examined, listed) in examined.iter().zip(listed) {
        for fact in ["index", "name", "backend", "driver", "device_type"] {
            assert_eq!(examined[fact], listed[fact]);
        }
        // An adapter computes right, or there is a reason why it does not.
        assert_ne!(
            examined["abilities"].is_null(),
            examined["problem"].is_null(),
            "{examined}"
        );
        let Some(share) = examined["abilities"]["worst_bound"].as_f64() else {
            continue;
        };
        usable += 1;
        assert!(share > 0.0 && share <= 1.0, "{examined}");
        assert!(
            ["timestamps", "wall"]
                .contains(&examined["abilities"]["clock"].as_str().expect("a clock"))
        );
        assert!(
            examined["abilities"]["max_buffer_size"].as_u64() >= Some(1 << 28),
            "{examined}"
        );
    }
    assert!(usable > 0, "{report}");
    assert!(
        told.contains(&format!("usable: {usable} of {} adapters", listed.len())),
        "{told}"
    );
}

#[test]
fn doctor_ends_with_3_and_advice_where_nothing_serves() {
    let folder = Folder::new();
    let output = folder.run("doctor --adapter nvidia-of-nobody");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        !output.stdout.is_empty(),
        "what was found is told all the same"
    );
    // What is wanted is not a software adapter.
    assert!(
        message.contains("NVIDIA") && !message.contains("lavapipe"),
        "{message}"
    );
    let mut command = folder.command("doctor");
    let output = command
        .env("WGPU_BACKEND", "webgpu")
        .output()
        .expect("it starts");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("WGPU_BACKEND") && message.contains("software adapter"),
        "{message}"
    );
}

#[test]
fn advice_fits_what_was_asked_of_an_operation() {
    let folder = Folder::new();
    let line = "softmax x.npy -o out.npy --adapter geforce-of-nobody";
    folder.fail(line, 3, &["hint: ", "NVIDIA"]);
    assert!(!stderr(&folder.run(line)).contains("lavapipe"));
    let foreign = if cfg!(target_os = "macos") {
        "dx12"
    } else {
        "metal"
    };
    let line = format!("softmax x.npy -o out.npy --adapter {foreign}");
    folder.fail(&line, 3, &[&format!("built without {foreign}")]);
}
