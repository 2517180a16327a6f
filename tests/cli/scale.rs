//! `--scale`: the numbers that are multiplied, and the factors that are refused.

use crate::folder::*;

/// Operations on the logits `@`.
const FORWARD: [&str; 4] = [
    "softmax @",
    "log-softmax @",
    "logsumexp @",
    "cross-entropy @ y.npy --ignore-index -100",
];

/// Operations whose result is a gradient by the logits `@`.
const GRADIENTS: [(&str, &str); 3] = [
    ("logsumexp-backward @ r.npy", "-o"),
    ("jacobian @", "-o"),
    ("cross-entropy @ y.npy --ignore-index -100", "--grad"),
];

/// Operations on the outputs of scaled forward passes.
const BACKWARD: [&str; 2] = [
    "softmax-backward p.npy g.npy",
    "log-softmax-backward l.npy g.npy",
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.floats("quarter.npy", "(3, 4)", &X.map(|x| x / 4.0));
    folder.floats("g.npy", "(3, 4)", &X.map(|x| 0.5 - x));
    folder.floats("r.npy", "(3,)", &[1.0, -2.0, 0.5]);
    folder.succeed("softmax x.npy --reference -o p.npy");
    folder.succeed("log-softmax x.npy --reference -o l.npy");
    folder
}

fn values(folder: &Folder, line: &str, output: &str) -> Vec<f32> {
    folder.succeed(&format!("{line} {output} v.npy"));
    parse(&folder.get("v.npy")).1
}

#[test]
fn logits_are_multiplied_first() {
    let folder = folder();
    for line in FORWARD {
        let line = |logits: &str, rest: &str| format!("{} {rest}", line.replace('@', logits));
        let of_products = values(&folder, &line("quarter.npy", "--reference"), "-o");
        let scaled = values(&folder, &line("x.npy", "--scale 0.25 --reference"), "-o");
        assert_eq!(scaled, of_products, "{}", line("x.npy", ""));
        let on_gpu = values(&folder, &line("x.npy", "--scale=0.25"), "-o");
        assert_close(&on_gpu, &of_products, &line("x.npy", "--scale=0.25"));
    }
}

#[test]
fn gradients_carry_the_factor() {
    let folder = folder();
    let fourth = |values: Vec<f32>| -> Vec<f32> { values.iter().map(|g| g / 4.0).collect() };
    for (line, output) in GRADIENTS {
        let line = |logits: &str, rest: &str| format!("{} {rest}", line.replace('@', logits));
        let expected = fourth(values(&folder, &line("quarter.npy", "--reference"), output));
        let scaled = values(&folder, &line("x.npy", "--scale 0.25 --reference"), output);
        assert_close(&scaled, &expected, &line("x.npy", "--reference"));
        let on_gpu = values(&folder, &line("x.npy", "--scale 0.25"), output);
        assert_close(&on_gpu, &expected, &line("x.npy", ""));
    }
    for line in BACKWARD {
        let expected = fourth(values(&folder, &format!("{line} --reference"), "-o"));
        for engine in ["", "--reference"] {
            let line = format!("{line} --scale 0.25 {engine}");
            assert_close(&values(&folder, &line, "-o"), &expected, &line);
        }
    }
}

#[test]
fn other_numbers_are_refused() {
    let folder = folder();
    let range = "expected a finite number above 0";
    let numbers = [
        ("0", "found 0.0"),
        ("-1", "found -1.0"),
        ("nan", "found NaN"),
        ("inf", "found inf"),
        ("1e39", "found inf"),
        ("1e-46", "found 0.0"),
        ("half", range),
    ];
    for (number, found) in numbers {
        let forward = FORWARD.map(|line| line.replace('@', "x.npy"));
        let backward = BACKWARD.map(str::to_owned);
        let others = ["jacobian x.npy", "logsumexp-backward x.npy r.npy"].map(str::to_owned);
        for line in forward.into_iter().chain(backward).chain(others) {
            let line = format!("{line} -o out.npy --scale {number}");
            folder.fail(&line, 2, &["--scale <S>", range, found]);
        }
    }
    folder.fail("softmax x.npy -o out.npy --scale", 2, &["--scale <S>"]);
}
