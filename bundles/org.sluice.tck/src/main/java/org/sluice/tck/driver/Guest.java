package org.sluice.tck.driver;

import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;

/** What a guest writes for a stage 1 of 39 bits, by the kind of SMMU that it sees. */
enum Guest {
    /** A stream table entry, and a context descriptor in memory. */
    SMMUV3 {
        @Override
        long[] entry(Client client, long context, long table) {
            long word0 = ContextDescriptor.withV(0, 1);
            word0 = ContextDescriptor.withAa64(word0, 1);
            word0 = ContextDescriptor.withT0sz(word0, UNUSED_BITS);
            word0 = ContextDescriptor.withEpd1(word0, 1);
            word0 = ContextDescriptor.withIps(word0, ContextDescriptor.IPS_40BIT);
            word0 = ContextDescriptor.withR(ContextDescriptor.withA(word0, 1), 1);
            word0 = ContextDescriptor.withAsid(word0, ASID);
            client.plant(context, word0);
            client.plant(context + Long.BYTES, table);
            long entry = StreamTableEntry.withV(0, 1);
            entry = StreamTableEntry.withConfig(entry, StreamTableEntry.CONFIG_S1_TRANSLATE);
            return new long[] {StreamTableEntry.withS1ContextPtr(entry, context)};
        }

        @Override
        long[] forgetAll() {
            return new long[] {CmdTlbiNhAll.withOpcode(0, CmdTlbiNhAll.OPCODE_VALUE), 0};
        }
    },

    /** A context bank; nothing of it is in memory. */
    SMMUV2 {
        @Override
        long[] entry(Client client, long context, long table) {
            long tcr = TranslationControl.withT0sz(TranslationControl.withEpd1(0, 1), UNUSED_BITS);
            long tcr2 = TranslationControl2.withSep(0, TranslationControl2.SEP_UPSTREAM);
            tcr2 = TranslationControl2.withAs(TranslationControl2.withPaSize(tcr2, PA_40_BITS), 1);
            return new long[] {
                ContextBankAttribute2.withVa64(0, 1) << Integer.SIZE | SystemControl.M_MASK,
                tcr2 << Integer.SIZE | tcr,
                TranslationTableBase0.withAsid(table, ASID)
            };
        }

        @Override
        long[] forgetAll() {
            return new long[] {TlbiAll.OFFSET, 0};
        }
    };

    private static final int UNUSED_BITS = 25;
    private static final int ASID = 1;
    private static final int PA_40_BITS = 2;

    static Guest of(Rig rig) {
        return rig.isSmmuv3() ? SMMUV3 : SMMUV2;
    }

    /**
     * The guest's entry, after what belongs to it in memory was written.
     *
     * @param context where the guest keeps its context, if that is in memory
     * @param table its top table
     */
    abstract long[] entry(Client client, long context, long table);

    /** One command that invalidates all that the guest has. */
    abstract long[] forgetAll();
}
