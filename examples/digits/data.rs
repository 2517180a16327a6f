//! The handwritten digits: read from `digits.txt`, shuffled by a seed, a fifth held out, pixels standardised.

/// Number of pixels of an image.
pub(crate) const PIXELS: usize = 64;
/// Number of digits to tell apart.
pub(crate) const CLASSES: usize = 10;

/// Variance that is added to every pixel's: some pixels hold no ink in any image.
const VARIANCE_FLOOR: f64 = 0.02;

/// One image as it stands in the file: the digit it shows, and ink from 0 to 16 in each pixel.
pub(crate) struct Image {
    label: i32,
    ink: Vec<u32>,
}

/// Images as input of the models: one row of standardised pixels and one label an image.
pub(crate) struct Set {
    pub(crate) pixels: Vec<f32>,
    pub(crate) labels: Vec<i32>,
}

impl Set {
    /// Returns the number of images, which are rows to the library.
    pub(crate) fn rows(&self) -> u64 {
        self.labels.len() as u64
    }
}

/// Split of the images: a set to train a model on, and one that it never sees before it is judged.
pub(crate) struct Split {
    pub(crate) train: Set,
    pub(crate) test: Set,
}

/// Reads the 1,797 images that this example carries.
///
/// # Panics
/// If `digits.txt` was damaged.
pub(crate) fn load() -> Vec<Image> {
    let lines = include_str!("digits.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| parse(line).unwrap_or_else(|| panic!("digits.txt: not an image: {line}")))
        .collect()
}

/// Parses an image from a line: the label, a space, 64 digits of base 17.
fn parse(line: &str) -> Option<Image> {
    let (label, ink) = line.split_once(' ')?;
    let label = label.parse().ok().filter(|label| (0..10).contains(label))?;
    let ink: Vec<_> = ink.chars().map(|c| c.to_digit(17)).collect::<Option<_>>()?;
    (ink.len() == PIXELS).then_some(Image { label, ink })
}

/// Shuffles the images and holds a fifth of them out.
pub(crate) fn split(images: &[Image], seed: u64) -> Split {
    let mut order: Vec<_> = images.iter().collect();
    Random::new(seed).shuffle(&mut order);
    let (test, train) = order.split_at(order.len().div_ceil(5));
    let scale = Scale::of(train);
    Split {
        train: scale.apply(train),
        test: scale.apply(test),
    }
}

/// Mean and deviation of each pixel over the images to train on.
struct Scale(Vec<(f64, f64)>);

impl Scale {
    fn of(images: &[&Image]) -> Self {
        let count = images.len() as f64;
        let pixel = |i| {
            let values = images.iter().map(|image| brightness(image, i));
            let center = values.clone().sum::<f64>() / count;
            let variance = values.map(|value| (value - center).powi(2)).sum::<f64>() / count;
            (center, (variance + VARIANCE_FLOOR).sqrt())
        };
        Self((0..PIXELS).map(pixel).collect())
    }

    fn apply(&self, images: &[&Image]) -> Set {
        let scaled = |image: &Image, i| {
            let (center, deviation) = self.0[i];
            ((brightness(image, i) - center) / deviation) as f32
        };
        let row = |image| (0..PIXELS).map(move |i| scaled(image, i));
        Set {
            pixels: images.iter().copied().flat_map(row).collect(),
            labels: images.iter().map(|image| image.label).collect(),
        }
    }
}

fn brightness(image: &Image, pixel: usize) -> f64 {
    f64::from(image.ink[pixel]) / 16.0
}

/// SplitMix64: the same numbers on every machine, from a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 to 1, 1 excluded.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Shuffles by Fisher and Yates: every order is equally likely.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, (self.unit() * (i + 1) as f64) as usize);
        }
    }
}
