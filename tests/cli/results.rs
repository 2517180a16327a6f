//! Results of the operations.

use crate::folder::*;

#[test]
fn every_operation_agrees_with_the_reference() {
    let folder = Folder::new();
    folder.floats("g.npy", "(3, 4)", &X.map(|x| 0.5 - x));
    folder.floats("r.npy", "(3,)", &[1.0, -2.0, 0.5]);
    folder.succeed("softmax x.npy --reference -o p.npy");
    folder.succeed("log-softmax x.npy --reference -o l.npy");
    let table: [(&str, &[usize]); 10] = [
        ("softmax x.npy", &[3, 4]),
        ("log-softmax x.npy", &[3, 4]),
        ("logsumexp x.npy", &[3]),
        ("softmax-backward p.npy g.npy", &[3, 4]),
        ("log-softmax-backward l.npy g.npy", &[3, 4]),
        ("logsumexp-backward x.npy r.npy", &[3, 4]),
        ("jacobian x.npy", &[3, 4, 4]),
        ("cross-entropy x.npy y.npy --ignore-index -100", &[]),
        (
            "cross-entropy x.npy y.npy --ignore-index -100 --reduction sum",
            &[],
        ),
        (
            "cross-entropy x.npy y.npy --ignore-index -100 --reduction none",
            &[3],
        ),
    ];
    for (line, shape) in table {
        folder.succeed(&format!("{line} -o gpu.npy"));
        folder.succeed(&format!("{line} -o reference.npy --reference"));
        let (found, expected) = (
            parse(&folder.get("gpu.npy")),
            parse(&folder.get("reference.npy")),
        );
        assert_eq!((&found.0[..], &expected.0[..]), (shape, shape), "{line}");
        assert_close(&found.1, &expected.1, line);
    }
}

#[test]
fn cross_entropy_gives_the_known_numbers() {
    let folder = Folder::new();
    for engine in ["", "--reference"] {
        let line = format!("cross-entropy x.npy y.npy --ignore-index=-100 {engine}");
        let printed: f32 = folder
            .succeed(&format!("{line} --grad g.npy --lse s.npy -o m.npy"))
            .trim()
            .parse()
            .unwrap();
        assert_close(&[printed], &[0.254_195_8], "mean");
        assert_eq!(parse(&folder.get("m.npy")), (vec![], vec![printed]));
        assert_close(
            &parse(&folder.get("s.npy")).1,
            &[2.440_189_7, 3.210_997_6, 4.068_202],
            "lse",
        );
        let grad = parse(&folder.get("g.npy")).1;
        assert_close(
            &grad[..1],
            &[(0.643_914_3 - 1.0) / 2.0],
            "gradient at the target",
        );
        assert_eq!(grad[4..8], [0.0; 4], "gradient of the ignored row");
        assert_eq!(
            folder.succeed(&format!("{line} --reduction none -o n.npy")),
            ""
        );
        assert_close(
            &parse(&folder.get("n.npy")).1,
            &[0.440_189_7, 0.0, 0.068_201_92],
            "row losses",
        );
        folder.put("i.npy", &npy(1, "|u1", false, "(3,)", &[3; 3]));
        let none_left = folder.succeed(&format!(
            "cross-entropy x.npy i.npy --ignore-index 3 {engine}"
        ));
        assert_eq!(none_left, "NaN\n");
    }
}

#[test]
fn no_rows_give_empty_outputs() {
    let folder = Folder::new();
    folder.floats("e.npy", "(0, 4)", &[]);
    folder.put("ids.npy", &npy(1, "<i4", false, "(0,)", &[]));
    for engine in ["", "--reference"] {
        folder.succeed(&format!("softmax e.npy -o p.npy {engine}"));
        assert_eq!(parse(&folder.get("p.npy")), (vec![0, 4], vec![]));
        folder.succeed(&format!("jacobian e.npy -o j.npy {engine}"));
        assert_eq!(parse(&folder.get("j.npy")), (vec![0, 4, 4], vec![]));
        let line = format!("cross-entropy e.npy ids.npy --grad g.npy --lse s.npy {engine}");
        assert_eq!(folder.succeed(&line), "NaN\n");
        assert_eq!(parse(&folder.get("s.npy")), (vec![0], vec![]));
        assert_eq!(
            folder
                .succeed(&format!("{line} --reduction sum"))
                .trim()
                .parse(),
            Ok(0.0)
        );
    }
}

#[test]
fn a_single_row_needs_no_row_axis() {
    let folder = Folder::new();
    folder.floats("row.npy", "(4,)", &X[..4]);
    folder.succeed("logsumexp row.npy -o s.npy --reference");
    assert_eq!(parse(&folder.get("s.npy")).0, [0; 0]);
    for shape in ["()", "(1,)"] {
        folder.put("id.npy", &npy(1, "|u1", false, shape, &[0]));
        assert_eq!(
            folder.succeed("cross-entropy row.npy id.npy --reference"),
            "0.4401897\n"
        );
    }
}
