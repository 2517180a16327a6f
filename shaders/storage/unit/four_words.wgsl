// What one access moves: four words.

alias Unit = vec4<u32>;

fn words_of(unit: Unit) -> vec4<u32> {
    return unit;
}

fn unit_of(words: vec4<u32>) -> Unit {
    return words;
}
