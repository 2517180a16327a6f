// The result lies over what is read first, in words that two lanes may share: each finds its own half as it has left it.

fn source_at(index: u32) -> Unit {
    return atomicLoad(&result[index]);
}
