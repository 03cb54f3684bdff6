package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sluice.api.IommuException;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/** The model as it goes on from a capture: its memory, its registers, its queues. */
final class CapturedMachine {
    private static final List<Layout> IDENTITY = List.of(Idr0.LAYOUT, Idr1.LAYOUT, Idr3.LAYOUT, Idr5.LAYOUT);

    final PhysicalMemory memory;
    final ExplainingModel model;
    final RegisterFile registers;

    CapturedMachine(LinuxImage image) {
        memory = new ResidentMemoryFactory().create(image.regions());
        image.load(memory);
        Map<String, LinuxImage.Register> captured = image.registers();
        model = (ExplainingModel) create(identity(captured));
        registers = model.registers();
        for (LinuxImage.Register register : captured.values()) {
            boolean enable = register.offset() == Cr0.ADDRESS;
            if (!enable && register.width() == Long.SIZE) {
                registers.write64(register.offset(), register.value());
            } else if (!enable) {
                registers.write32(register.offset(), (int) register.value());
            }
        }
        registers.write32(Gerrorn.ADDRESS, registers.read32(Gerror.ADDRESS));
        registers.write32(Cr0.ADDRESS, (int) captured.get("CR0").value());
        events();
    }

    private static Map<String, Object> identity(Map<String, LinuxImage.Register> captured) {
        Map<String, Object> properties = new HashMap<>();
        for (Layout layout : IDENTITY) {
            LinuxImage.Register register = captured.get(layout.name());
            for (Field field : layout.fields()) {
                if (field.kind().isNamed() && register != null) {
                    properties.put(
                            layout.name().toLowerCase(java.util.Locale.ROOT) + "." + field.name(),
                            field.value(register.value()));
                }
            }
        }
        return properties;
    }

    // what a captured machine has and this model has not is left away, a field at a time
    private Object create(Map<String, Object> properties) {
        Map<String, Object> left = new HashMap<>(properties);
        while (true) {
            try {
                return new Smmuv3ModelFactory().create(new ModelRequest("smmu0", memory, memory, line -> {}, left));
            } catch (IommuException e) {
                String field = e.getMessage().replaceAll(".*property (\\S+) is.*", "$1");
                if (Long.valueOf(0).equals(left.put(field, 0L))) {
                    throw e;
                }
            }
        }
    }

    Translation translate(int sid, int ssid, long iova, int flags) {
        return model.translate(sid, ssid, iova, flags);
    }

    MemoryAttributes attributes(int sid, int ssid, long iova) {
        return model.explain(sid, ssid, iova, 0).attributes();
    }

    int access(int sid, int ssid, long iova, int flags) {
        return model.transact(sid, ssid, iova, flags, new byte[4], 0, 4);
    }

    /** Queues commands where the kernel left off, and a SYNC after them. */
    void commands(long... words) {
        long base = registers.read64(CmdqBase.ADDRESS);
        int bits = (int) CmdqBase.log2size(base);
        int producer = registers.read32(CmdqProd.ADDRESS);
        for (int i = 0; i <= words.length; i += 2) {
            long slot = CmdqBase.addr(base) + (long) (producer & (1 << bits) - 1) * CmdSync.BYTES;
            memory.write64(slot + 8, i < words.length ? words[i + 1] : 0);
            memory.write64(slot, i < words.length ? words[i] : CmdSync.OPCODE_VALUE);
            producer = producer + 1 & (2 << bits) - 1;
        }
        registers.write32(CmdqProd.ADDRESS, producer);
        if (registers.read32(CmdqCons.ADDRESS) != producer) {
            throw new AssertionError("CONS is 0x" + Integer.toHexString(registers.read32(CmdqCons.ADDRESS)));
        }
    }

    /** Takes all events out of the queue. */
    List<long[]> events() {
        long base = registers.read64(EventqBase.ADDRESS);
        int bits = (int) EventqBase.log2size(base);
        int mask = (2 << bits) - 1;
        int producer = registers.read32(EventqProd.ADDRESS);
        List<long[]> events = new ArrayList<>();
        for (int at = registers.read32(EventqCons.ADDRESS) & mask; at != (producer & mask); at = at + 1 & mask) {
            long address = EventqBase.addr(base) + (long) (at & mask >> 1) * EvtFTranslation.BYTES;
            events.add(new long[] {memory.read64(address), memory.read64(address + 8), memory.read64(address + 16)});
        }
        // the overflow flag is acknowledged too
        registers.write32(EventqCons.ADDRESS, producer);
        return events;
    }
}
