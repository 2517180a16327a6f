//! Elements of a mask on slices: of the spec's kind, and of the number that it requires.

use wgpu_softmax::{Error, Mask, MaskData, MaskKind, SoftmaxSpec};

#[test]
fn elements_that_are_not_the_masks_are_refused() -> Result<(), Error> {
    let gpu = crate::common::gpu();
    let logits = [0.0_f32; 6];
    let plain = SoftmaxSpec::new(2, 3);
    let of = |kind| Ok::<_, Error>(plain.mask(Mask::new(kind, &[2, 3], 1, &[3])?));
    let (additive, boolean) = (of(MaskKind::Additive)?, of(MaskKind::Boolean)?);
    let cases: [(_, MaskData<'_>, &str); 5] = [
        (plain, (&[true; 3]).into(), "found a spec without a mask"),
        (
            additive,
            (&[true; 3]).into(),
            "found Additive for Boolean elements",
        ),
        (
            boolean,
            (&[0.0; 3]).into(),
            "found Boolean for Additive elements",
        ),
        (
            additive,
            (&[0.0; 2]).into(),
            "mask: expected 3 elements, found 2",
        ),
        (
            boolean,
            (&[true; 6]).into(),
            "mask: expected 3 elements, found 6",
        ),
    ];
    for (spec, mask, words) in cases {
        let errors = [
            gpu.softmax_masked(&spec, &logits, mask).err(),
            gpu.log_softmax_masked(&spec, &logits, mask).err(),
            gpu.logsumexp_masked(&spec, &logits, mask).err(),
        ];
        for error in errors {
            let message = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(words), "{words:?} in {message:?}");
        }
    }
    let short = gpu.softmax_masked(&boolean, &logits[..5], &[true; 3]);
    assert!(matches!(short, Err(Error::Length { what: "logits", .. })));
    Ok(())
}
