// What one access moves: two words.

alias Unit = vec2<u32>;

fn words_of(unit: Unit) -> vec2<u32> {
    return unit;
}

fn unit_of(words: vec2<u32>) -> Unit {
    return words;
}
