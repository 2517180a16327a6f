// What one access moves: two words, as a 64-bit integer.

alias Unit = u64;

fn words_of(unit: Unit) -> vec2<u32> {
    return words_of_u64(unit);
}

fn unit_of(words: vec2<u32>) -> Unit {
    return u64_of_words(words);
}
