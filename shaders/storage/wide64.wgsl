// Two words by one 64-bit integer, the first of them its lower half: software adapters move each component by itself.

fn words_of(wide: u64) -> vec2<u32> {
    return vec2<u32>(u32(wide), u32(wide >> 32u));
}

fn words_of_two(wide: vec2<u64>) -> vec4<u32> {
    return vec4<u32>(words_of(wide.x), words_of(wide.y));
}

fn wide_of(words: vec2<u32>) -> u64 {
    return u64(words.x) | (u64(words.y) << 32u);
}

fn wide_of_two(words: vec4<u32>) -> vec2<u64> {
    return vec2<u64>(wide_of(words.xy), wide_of(words.zw));
}
