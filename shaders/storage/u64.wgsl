// Two words by one access to a 64-bit integer: the first of them is its lower half.

fn words_of_u64(value: u64) -> vec2<u32> {
    return vec2<u32>(u32(value), u32(value >> 32u));
}

fn words_of_two_u64(pair: vec2<u64>) -> vec4<u32> {
    return vec4<u32>(words_of_u64(pair.x), words_of_u64(pair.y));
}

fn u64_of_words(words: vec2<u32>) -> u64 {
    return u64(words.x) | (u64(words.y) << 32u);
}
