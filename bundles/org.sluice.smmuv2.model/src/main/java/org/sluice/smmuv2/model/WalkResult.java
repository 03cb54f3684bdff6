package org.sluice.smmuv2.model;

/** What a walk comes to. */
sealed interface WalkResult permits Mapping, ContextFault {}
