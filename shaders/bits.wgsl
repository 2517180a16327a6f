// Values enter and leave as their 32 bits. WGSL lets a compiler assume that NaN and infinity do not occur, so they are told
// apart here, as integers: no result depends on one that stands in an f32.

const MAGNITUDE: u32 = 0x7fffffffu;
const INFINITY: u32 = 0x7f800000u;
const NEGATIVE_INFINITY: u32 = 0xff800000u;
const NAN: u32 = 0x7fc00000u;
const ONE: u32 = 0x3f800000u;
const LOWEST: f32 = -0x1.fffffep+127f;
const LOWEST_BITS: u32 = 0xff7fffffu;
const HIGHEST_BITS: i32 = 0x7f7fffff;

fn is_finite(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) < vec4<u32>(INFINITY);
}

fn is_nan(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) > vec4<u32>(INFINITY);
}

fn is_zero(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) == vec4<u32>(0u);
}

fn is_negative_infinity(bits: vec4<u32>) -> vec4<bool> {
    return bits == vec4<u32>(NEGATIVE_INFINITY);
}

// The value itself; in place of NaN and infinity the finite one of the same sign that is largest in magnitude. As
// unsigned numbers the negative ones of these are the largest, as signed numbers the positive ones.
fn value(bits: vec4<u32>) -> vec4<f32> {
    let not_below = bitcast<vec4<i32>>(min(bits, vec4<u32>(LOWEST_BITS)));
    return bitcast<vec4<f32>>(min(not_below, vec4<i32>(HIGHEST_BITS)));
}

// NaN in nan_rows: the quiet NaN's bits are set in every value.
fn set_nan(nan_rows: vec4<bool>, values: vec4<f32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(values) | select(vec4<u32>(0u), vec4<u32>(NAN), nan_rows);
}

// ln(s) for a finite s >= 2^-126, to 2 ulp on every driver: s = 2^k m with m in [sqrt(1/2), sqrt(2)),
// f = (m - 1) / (m + 1), ln m = 2 (f + f^3/3 + f^5/5 + ...).
fn natural_log(s: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(s);
    let k = (bitcast<vec4<i32>>(bits) - vec4<i32>(0x3f3504f3)) >> vec4<u32>(23u);
    let m = bitcast<vec4<f32>>(bits - (bitcast<vec4<u32>>(k) << vec4<u32>(23u)));
    let f = (m - 1.0) / (m + 1.0);
    let q = f * f;
    let tail = q * (0.66666667 + q * (0.4 + q * (0.28571429 + q * 0.23)));
    return vec4<f32>(k) * 0.69314718 + (2.0 * f + f * tail);
}
