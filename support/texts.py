"""What we write by ourselves, until staff say it better: the standing templates."""

# key → (subject, body) in English, then in Chinese; `$name` stands for a value.
TEMPLATES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "order.confirmed": (
        (
            "We have your order $order",
            "Hello $name,\n\nthank you for your order $order. We are getting it ready now and will"
            " write again when it leaves our warehouse.\n",
        ),
        (
            "订单 $order 已确认",
            "$name，您好！\n\n感谢您的订购。订单 $order 已确认，我们正在备货，发货后会再通知您。\n",
        ),
    ),
    "parcel.shipped": (
        (
            "A parcel of your order $order is on its way",
            "Hello $name,\n\na parcel of your order $order has left our warehouse with $carrier."
            "\nTracking number: $tracking_number\n",
        ),
        (
            "订单 $order 的包裹已发出",
            "$name，您好！\n\n订单 $order 的一个包裹已由 $carrier 揽收。"
            "\n运单号：$tracking_number\n",
        ),
    ),
    "order.delayed": (
        (
            "Your order $order is delayed",
            "Hello $name,\n\nyour order $order will arrive later than we promised ($promised_on)."
            " We are sorry. We are asking the carrier and will write as soon as there is news.\n",
        ),
        (
            "订单 $order 将延迟送达",
            "$name，您好！\n\n很抱歉，订单 $order 无法按承诺的日期（$promised_on）送达。"
            "我们正在联系承运商，一有消息会立即通知您。\n",
        ),
    ),
    "delivery.problem": (
        (
            "There is a problem with the delivery of your order $order",
            "Hello $name,\n\nthe carrier tells us of a problem with your order $order: $problem."
            " We are taking care of it; our ticket is $number. You may answer to this message.\n"
            "\n[$token]\n",
        ),
        (
            "订单 $order 的配送出现问题",
            "$name，您好！\n\n承运商告知订单 $order 的配送出现问题：$problem。"
            "我们正在处理，工单号为 $number，您可以直接回复本邮件。\n\n[$token]\n",
        ),
    ),
    "order.delivered": (
        (
            "Your order $order was delivered",
            "Hello $name,\n\nyour order $order was delivered. We hope that you like it. If anything"
            " is missing or broken, write to us.\n",
        ),
        (
            "订单 $order 已送达",
            "$name，您好！\n\n订单 $order 已全部送达，希望您喜欢。如有缺件或破损，请与我们联系。\n",
        ),
    ),
    "refund.succeeded": (
        (
            "Your refund for order $order",
            "Hello $name,\n\nwe have sent $amount back to you for your order $order. Depending on"
            " your bank it takes a few days until you see it.\n",
        ),
        (
            "订单 $order 的退款已完成",
            "$name，您好！\n\n订单 $order 的退款 $amount 已退回，"
            "到账时间视银行而定，一般需要几天。\n",
        ),
    ),
    "ticket.received": (
        (
            "We have your message: $subject [$token]",
            "Hello,\n\nyour message has arrived; its number is $number. Somebody will answer soon."
            " Keep the subject line when you answer to this message.\n",
        ),
        (
            "我们已收到您的消息：$subject [$token]",
            "您好！\n\n您的消息已收到，工单号为 $number，客服会尽快回复。回复时请保留邮件标题。\n",
        ),
    ),
    "ticket.reply": (
        ("Re: $subject [$token]", "$text\n\n[$token]\n"),
        ("回复：$subject [$token]", "$text\n\n[$token]\n"),
    ),
    "survey.asked": (
        (
            "How did we do? ($number)",
            "Hello,\n\nwe have closed your request “$subject”. How satisfied are you? One click is"
            " enough:\n$link\n",
        ),
        (
            "您对我们的服务满意吗？（$number）",
            "您好！\n\n您的问题“$subject”已处理完毕。您对我们的服务满意吗？请点击链接评分：\n$link\n",
        ),
    ),
}
