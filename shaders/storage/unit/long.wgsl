// What one access moves: two words, as a 64-bit integer.

alias Unit = u64;

fn words_of(unit: Unit) -> vec2<u32> {
    return words_of_long(unit);
}

fn unit_of(words: vec2<u32>) -> Unit {
    return long_of_words(words);
}
