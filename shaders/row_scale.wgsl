// A scale a row, times that of all rows: the numbers that follow from the product, as src/shader/params.rs derives them.

// The products within which all numbers are normal: 2^-100 and 2^126.
const LEAST_SCALE: u32 = 0x0d800000u;
const MOST_SCALE: u32 = 0x7e800000u;

// log2(e) in two parts, of which the first one has 12 bits.
const LOG2_E_HIGH: f32 = 0x1.714p+0f;
const LOG2_E_LOW: f32 = 3.1222839e-4f;

// A negative NaN in a row whose scale is out of range, as if a logit were one; else 0.
var<private> scale_fault: u32;

fn scale_by_row(row: u32) {
    let bits = row_terms[params.grid.bound_row + row].scale;
    let is_positive = bits - 1u < INFINITY - 1u;
    let product = given.scaling.slope * bitcast<f32>(select(ONE, bits, is_positive));
    let product_bits = bitcast<u32>(product);
    let fits = is_positive && product_bits >= LEAST_SCALE && product_bits <= MOST_SCALE;
    let scale = select(1.0, product, fits);
    scale_fault = select(~0u, 0u, fits);
    params.scaling.slope = scale;
    if CAPPED {
        // tanh(20) is 1. The least ratio keeps the quotient within f32, the largest one is so steep that every logit is at the cap.
        let ratio = clamp(scale / params.scaling.softcap, 0x1p-123f, 0x1p+126f);
        params.scaling.inverse_softcap = ratio;
        params.scaling.largest_uncapped = bitcast<u32>(20.0 / ratio);
    } else {
        // scale = 2^exponent postscale.
        let exponent = min(i32(bitcast<u32>(scale) >> 23u) - 127, -1);
        params.scaling.scale = scale;
        params.scaling.prescale = bitcast<f32>(u32(127 + exponent) << 23u);
        let postscale = scale * bitcast<f32>(u32(127 - exponent) << 23u);
        params.scaling.postscale = postscale;
        params.scaling.lowest_shifted = 0.999999 * LOWEST / postscale;
        // The product of the high parts is exact.
        let high = bitcast<f32>(bitcast<u32>(postscale) & 0xfffff000u);
        params.scaling.exp2_hi = high * LOG2_E_HIGH;
        params.scaling.exp2_lo = high * LOG2_E_LOW + (postscale - high) * (LOG2_E_HIGH + LOG2_E_LOW);
        params.scaling.negligible_shifted = -300.0 / params.scaling.exp2_hi;
    }
}
