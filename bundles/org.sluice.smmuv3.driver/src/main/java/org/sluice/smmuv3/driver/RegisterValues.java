package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PriqBase;

/** What this driver writes to the registers: the reset sequence to set them, adoption to compare. */
final class RegisterValues {
    private RegisterValues() {}

    /** CR1: tables and queues are inner shareable, write-back. */
    static long cr1() {
        long register = Cr1.withTableSh(0, Cr1.TABLE_SH_INNER_SHAREABLE);
        register = Cr1.withTableOc(register, Cr1.TABLE_OC_WBWA);
        register = Cr1.withTableIc(register, Cr1.TABLE_IC_WBWA);
        register = Cr1.withQueueSh(register, Cr1.QUEUE_SH_INNER_SHAREABLE);
        register = Cr1.withQueueOc(register, Cr1.QUEUE_OC_WBWA);
        return Cr1.withQueueIc(register, Cr1.QUEUE_IC_WBWA);
    }

    /** CR2: no part in the CPUs' TLB maintenance, and StreamIDs out of range are recorded. */
    static long cr2() {
        return Cr2.withRecinvsid(Cr2.withPtm(0, 1), 1);
    }

    /** CR0 with the command queue on. */
    static long cr0Commands() {
        return Cr0.withCmdqen(0, 1);
    }

    /** CR0 with the queue of events on too. */
    static long cr0Events() {
        return Cr0.withEventqen(cr0Commands(), 1);
    }

    /** CR0 with every queue on. */
    static long cr0Queues(Features features) {
        return features.has(Feature.PAGE_REQUESTS) ? Cr0.withPriqen(cr0Events(), 1) : cr0Events();
    }

    /** CR0 with everything on but translation: what devices translated themselves is checked. */
    static long cr0Idle(Features features) {
        return features.has(Feature.ATS) ? Cr0.withAtschk(cr0Queues(features), 1) : cr0Queues(features);
    }

    /** CR0 with everything on that this driver uses. */
    static long cr0Running(Features features) {
        return Cr0.withSmmuen(cr0Idle(features), 1);
    }

    /** IRQ_CTRL with the lines that this driver listens to. */
    static long irqCtrl(Features features) {
        long register = IrqCtrl.withEventq(IrqCtrl.withGerror(0, 1), 1);
        return features.has(Feature.PAGE_REQUESTS) ? IrqCtrl.withPriq(register, 1) : register;
    }

    /** CMDQ_BASE of a ring. */
    static long commandQueueBase(QueueRing ring) {
        return CmdqBase.withRa(CmdqBase.withLog2size(CmdqBase.withAddr(0, ring.base()), ring.log2()), 1);
    }

    /** EVENTQ_BASE of a ring. */
    static long eventQueueBase(QueueRing ring) {
        return EventqBase.withWa(EventqBase.withLog2size(EventqBase.withAddr(0, ring.base()), ring.log2()), 1);
    }

    /** PRIQ_BASE of a ring. */
    static long pageRequestQueueBase(QueueRing ring) {
        return PriqBase.withWa(PriqBase.withLog2size(PriqBase.withAddr(0, ring.base()), ring.log2()), 1);
    }
}
