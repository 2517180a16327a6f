// There is no mask.

fn mask_start(rows: Bits) -> Bits {
    return Bits(0u);
}

const MASK_EXCLUDES: bool = false;

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    return vec4<bool>(true);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    return bits;
}
