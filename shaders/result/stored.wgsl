// The operation writes a matrix.

const WRITES_RESULT: bool = true;

fn write_result_whole(element: u32, bits: vec4<u32>) {
    store_result_whole(element, bits);
}

fn write_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    store_result(element, inside, bits);
}

fn write_result_one(element: u32, bits: u32) {
    store_result_one(element, bits);
}
