-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- cob_fabric.lua - packets of fabric adapters (devices/fabric/fabric_wire.h) for Wireshark and tshark:
--
--     tshark -X lua_script:tracing/cob_fabric.lua -r RUN/capture/LINK.0.pcapng
--     (or: copy it to Wireshark's plugin folder)
--
-- Captures of fabric links have the link type USER0, which this file takes for its own. A packet that no adapter
-- sends (too short, of no known type, in the wrong class) is marked as malformed.

local fabric = Proto("cob", "Cob fabric adapter")

local types = {
    [1] = "send", [2] = "datagram", [3] = "read", [4] = "write", [5] = "atomic", [6] = "probe",
    [7] = "ack", [8] = "nak", [9] = "read-data", [10] = "atomic-old",
}
local naks = {
    [1] = "sequence", [2] = "no queue", [3] = "no credit", [4] = "remote", [5] = "length", [6] = "reset",
}
local HEADER, FIRST_ANSWER = 48, 7
local READ, WRITE, ATOMIC, NAK = 3, 4, 5, 8

local f = fabric.fields
f.type = ProtoField.uint8("cob.type", "Type", base.DEC, types)
f.vc = ProtoField.uint8("cob.vc", "Virtual channel")
f.dst = ProtoField.uint16("cob.dst", "Destination node")
f.src = ProtoField.uint16("cob.src", "Source node")
f.queue = ProtoField.uint8("cob.queue", "Queue")
f.flags = ProtoField.uint8("cob.flags", "Flags", base.HEX)
f.last = ProtoField.bool("cob.flags.last", "Last segment", 8, nil, 1)
f.imm_flag = ProtoField.bool("cob.flags.imm", "With immediate", 8, nil, 2)
f.cas = ProtoField.bool("cob.flags.cas", "Compare and swap", 8, nil, 4)
f.wants = ProtoField.bool("cob.flags.credit", "Waits for a credit", 8, nil, 8)
f.resume = ProtoField.bool("cob.flags.resume", "Resumes", 8, nil, 16)
f.poison = ProtoField.bool("cob.flags.poison", "Poisoned", 8, nil, 32)
f.probed = ProtoField.bool("cob.flags.probed", "Answers a probe", 8, nil, 64)
f.epoch = ProtoField.uint32("cob.epoch", "Epoch")
f.psn = ProtoField.uint32("cob.psn", "Packet sequence number")
f.self = ProtoField.uint32("cob.self", "Incarnation of the queue")
f.message = ProtoField.uint32("cob.message", "Message")
f.offset = ProtoField.uint32("cob.offset", "Offset")
f.total = ProtoField.uint32("cob.total", "Bytes in all")
f.credit = ProtoField.uint32("cob.credit", "Credits granted")
f.key = ProtoField.uint32("cob.key", "Key of the region", base.HEX)
f.imm = ProtoField.uint32("cob.imm", "Immediate", base.HEX)
f.nak = ProtoField.uint32("cob.nak", "Reason", base.DEC, naks)
f.remote = ProtoField.uint64("cob.remote", "Offset in the region", base.HEX)
f.payload = ProtoField.bytes("cob.payload", "Payload")

local malformed = ProtoExpert.new("cob.malformed", "No adapter sends such a packet", expert.group.MALFORMED,
                                  expert.severity.ERROR)
fabric.experts = { malformed }

-- What is wrong with the header, or nil.
local function fault(buffer)
    if buffer:len() < HEADER then
        return "shorter than a header"
    end
    local type, vc = buffer(0, 1):uint(), buffer(1, 1):uint()
    if not types[type] then
        return "unknown type " .. type
    end
    if vc ~= (type >= FIRST_ANSWER and 1 or 0) then
        return "type " .. types[type] .. " in class " .. vc
    end
    if buffer(2, 2):le_uint() == buffer(4, 2):le_uint() then
        return "a node's packet to itself"
    end
    return nil
end

local function flags(buffer, tree)
    local sub = tree:add(f.flags, buffer)
    for _, field in ipairs({ f.last, f.imm_flag, f.cas, f.wants, f.resume, f.poison, f.probed }) do
        sub:add(field, buffer)
    end
end

function fabric.dissector(buffer, pinfo, root)
    pinfo.cols.protocol = "COB"
    local tree = root:add(fabric, buffer())
    local wrong = fault(buffer)
    if wrong then
        tree:add_proto_expert_info(malformed, "Malformed: " .. wrong)
        pinfo.cols.info = "Malformed: " .. wrong
    end
    if buffer:len() < HEADER then
        return buffer:len()
    end
    local type = buffer(0, 1):uint()
    local src, dst, queue = buffer(4, 2):le_uint(), buffer(2, 2):le_uint(), buffer(6, 1):uint()
    tree:add(f.type, buffer(0, 1))
    tree:add(f.vc, buffer(1, 1))
    tree:add_le(f.dst, buffer(2, 2))
    tree:add_le(f.src, buffer(4, 2))
    tree:add(f.queue, buffer(6, 1))
    flags(buffer(7, 1), tree)
    tree:add_le(f.epoch, buffer(8, 4))
    tree:add_le(f.psn, buffer(12, 4))
    tree:add_le(f.self, buffer(16, 4))
    tree:add_le(f.message, buffer(20, 4))
    tree:add_le(f.offset, buffer(24, 4))
    tree:add_le(f.total, buffer(28, 4))
    local one_sided = type == READ or type == WRITE or type == ATOMIC
    tree:add_le(one_sided and f.key or f.credit, buffer(32, 4))
    tree:add_le(type == NAK and f.nak or f.imm, buffer(36, 4))
    tree:add_le(f.remote, buffer(40, 8))
    if buffer:len() > HEADER then
        tree:add(f.payload, buffer(HEADER))
    end
    pinfo.cols.src = tostring(src)
    pinfo.cols.dst = tostring(dst)
    if not wrong then
        pinfo.cols.info = string.format("%s %d>%d q%d epoch %d message %d psn %d at %d of %d", types[type], src, dst,
                                        queue, buffer(8, 4):le_uint(), buffer(20, 4):le_uint(),
                                        buffer(12, 4):le_uint(), buffer(24, 4):le_uint(), buffer(28, 4):le_uint())
    end
    return buffer:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, fabric)
