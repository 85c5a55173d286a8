#!/usr/bin/env python3
"""Read a packed stream of Behavior Priors, see bp-checkpoint(5): prints each record's fields and tensors."""
import array, gzip, json, struct, sys

CODES = {"U8": "B", "I32": "i", "I64": "q", "U64": "Q", "F32": "f", "F64": "d"}

def records(path):
    """Yield (metadata, {name: (dtype, shape, array.array)}) of each record; "-" is standard input."""
    kind = "missing"
    with gzip.open(sys.stdin.buffer if path == "-" else path) as stream:
        while length := int.from_bytes(stream.read(8), "little"):
            header = json.loads(stream.read(length))
            metadata, tensors = header.pop("__metadata__"), {}
            for name, t in header.items():
                data = stream.read(t["data_offsets"][1] - t["data_offsets"][0])
                if t["dtype"] == "F16":
                    values = array.array("f", struct.unpack(f"<{len(data) // 2}e", data))
                else:
                    values = array.array(CODES[t["dtype"]], data)
                tensors[name] = t["dtype"], t["shape"], values
            kind = metadata["kind"]
            if kind != "end":
                yield metadata, tensors
    if kind != "end":
        raise EOFError(f"{path} was cut short")

if __name__ == "__main__":
    for metadata, tensors in records(sys.argv[1] if len(sys.argv) > 1 else "-"):
        print(json.dumps(metadata))
        for name, (dtype, shape, values) in tensors.items():
            print(f"  {name} {dtype} {shape} {values[:4].tolist()}{' ...' if len(values) > 4 else ''}")
