// Two words by one access to a 64-bit integer: the first of them is its lower half.

fn words_of_long(long: u64) -> vec2<u32> {
    return vec2<u32>(u32(long), u32(long >> 32u));
}

fn long_of_words(words: vec2<u32>) -> u64 {
    return u64(words.x) | (u64(words.y) << 32u);
}
