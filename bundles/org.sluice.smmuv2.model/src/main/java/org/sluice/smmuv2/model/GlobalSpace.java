package org.sluice.smmuv2.model;

import java.util.Set;
import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ContextBankFaultSyndrome;
import org.sluice.smmuv2.arch.SAcr;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfar;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr0;
import org.sluice.smmuv2.arch.SGfsynr1;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr2;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.smmuv2.arch.STlbGstatus;
import org.sluice.smmuv2.arch.STlbGsync;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.smmuv2.arch.TlbiAllH;
import org.sluice.smmuv2.arch.TlbiAllNsnh;
import org.sluice.smmuv2.arch.TlbiVmid;

/** Global spaces 0 and 1. Any thread. */
final class GlobalSpace {
    /** Non-secure aliases of registers that have a Secure bank stand so much higher. */
    private static final int ALIAS = 0x400;

    private final Identity id;
    private final StreamTable streams;
    private final ContextBank[] banks;
    private final GlobalFaults faults;
    private final Invalidation invalidation;
    private final Statistics statistics;
    private final boolean aliased;
    private volatile int scr0;
    private volatile int sacr;

    GlobalSpace(
            Identity id,
            StreamTable streams,
            ContextBank[] banks,
            GlobalFaults faults,
            Invalidation invalidation,
            Statistics statistics,
            Set<Defect> defects) {
        this.id = id;
        this.streams = streams;
        this.banks = banks;
        this.faults = faults;
        this.invalidation = invalidation;
        this.statistics = statistics;
        aliased = defects.contains(Defect.SECURE_ALIAS);
        // everything bypasses until software enables it
        scr0 = (int) SCr0.withClientpd(0, 1);
        sacr = defects.contains(Defect.ACTLR_LOCK) ? (int) SAcr.withCacheLock(0, 1) : 0;
    }

    long control() {
        return scr0 & 0xffffffffL;
    }

    boolean isAuxiliaryLocked() {
        return SAcr.cacheLock(sacr) != 0;
    }

    long read0(int address) {
        int offset = unaliased(address);
        switch (offset) {
            case SCr0.OFFSET:
                return scr0;
            case SAcr.OFFSET:
                return sacr;
            case SIdr0.OFFSET:
                return id.idr0();
            case SIdr1.OFFSET:
                return id.idr1();
            case SIdr2.OFFSET:
                return id.idr2();
            case SIdr7.OFFSET:
                return id.idr7();
            case SGfar.OFFSET:
                return faults.address();
            case SGfar.OFFSET + Integer.BYTES:
                return faults.address() >>> Integer.SIZE;
            case SGfsr.OFFSET:
                return faults.status();
            case SGfsynr0.OFFSET:
                return faults.syndrome();
            case SGfsynr1.OFFSET:
                return faults.stream();
            case STlbGstatus.OFFSET:
                return STlbGstatus.withGsactive(0, invalidation.isSynchronising() ? 1 : 0);
            default:
                if (isElement(offset, StreamMatch.OFFSET, streams.entries())) {
                    return streams.match(index(offset, StreamMatch.OFFSET));
                }
                return isElement(offset, StreamToContext.OFFSET, streams.entries())
                        ? streams.context(index(offset, StreamToContext.OFFSET))
                        : 0;
        }
    }

    void write0(int address, int value) {
        int offset = unaliased(address);
        long word = value & 0xffffffffL;
        switch (offset) {
            case SCr0.OFFSET -> scr0 = value;
            case SAcr.OFFSET -> sacr = value;
            case SGfsr.OFFSET -> faults.clear(word);
            case TlbiVmid.OFFSET -> {
                statistics.operation("TLBIVMID");
                invalidation.vmid((int) TlbiVmid.vmid(word));
            }
            case TlbiAllNsnh.OFFSET -> {
                statistics.operation("TLBIALLNSNH");
                invalidation.all();
            }
            case TlbiAllH.OFFSET -> statistics.operation("TLBIALLH");
            case STlbGsync.OFFSET -> {
                statistics.operation("sTLBGSYNC");
                invalidation.sync();
            }
            default -> {
                if (isElement(offset, StreamMatch.OFFSET, streams.entries())) {
                    streams.setMatch(index(offset, StreamMatch.OFFSET), value);
                } else if (isElement(offset, StreamToContext.OFFSET, streams.entries())) {
                    streams.setContext(index(offset, StreamToContext.OFFSET), word);
                }
            }
        }
    }

    long read1(int offset) {
        if (isElement(offset, ContextBankAttribute.OFFSET, banks.length)) {
            return banks[index(offset, ContextBankAttribute.OFFSET)].attribute();
        }
        if (isElement(offset, ContextBankFaultSyndrome.OFFSET, banks.length)) {
            return banks[index(offset, ContextBankFaultSyndrome.OFFSET)].faultingStream();
        }
        return isElement(offset, ContextBankAttribute2.OFFSET, banks.length)
                ? banks[index(offset, ContextBankAttribute2.OFFSET)].attribute2()
                : 0;
    }

    void write1(int offset, int value) {
        long word = value & 0xffffffffL;
        if (isElement(offset, ContextBankAttribute.OFFSET, banks.length)) {
            int bank = index(offset, ContextBankAttribute.OFFSET);
            // the first banks have no other type
            banks[bank].setAttribute(
                    bank < id.stage2Banks()
                            ? ContextBankAttribute.withType(word, ContextBankAttribute.TYPE_STAGE2)
                            : word);
        } else if (isElement(offset, ContextBankAttribute2.OFFSET, banks.length)) {
            banks[index(offset, ContextBankAttribute2.OFFSET)].setAttribute2(word);
        }
    }

    // what stands at an offset; -1 for the Secure registers, which are not there for software
    private int unaliased(int offset) {
        if (!aliased) {
            return offset;
        }
        if (offset >= ALIAS && offset < ALIAS + SIdr0.OFFSET
                || offset >= ALIAS + SGfar.OFFSET && offset <= ALIAS + SGfsynr1.OFFSET + Integer.BYTES) {
            return offset - ALIAS;
        }
        boolean secure = offset < SIdr0.OFFSET || offset >= SGfar.OFFSET && offset <= SGfsynr1.OFFSET + Integer.BYTES;
        return secure ? -1 : offset;
    }

    private static boolean isElement(int offset, int first, int count) {
        return offset >= first && offset < first + count * Integer.BYTES;
    }

    private static int index(int offset, int first) {
        return (offset - first) / Integer.BYTES;
    }
}
